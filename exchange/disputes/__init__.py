"""Disputes between departments about an application, an agreement or a correction (Decree 809, Article 28).

negotiating → settled, or applied to the sharing authority → coordinating → agreed, or referred to the government → decided.
The law sets no number of days, so no clock runs. Both sides and the authority read a dispute.
"""
