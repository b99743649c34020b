"""Filing: how a department's version passes from its draft to the catalogue under Decree 809, Articles 13 to 17.

The steward assesses, the head of the sharing office consents, the department files, and the sharing authority publishes or
returns. A change that obliges a department to update an entry has a deadline. It holds once the exchange has an authority.
"""
