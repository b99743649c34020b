"""Notices of a change or stop: a provider that stops or changes what it shares announces it ahead (Decree 809, Article 27).

announced → consulted → carried out, or withdrawn before. The demanders whose agreements a notice names are told when it is
announced, and both sides and the authority read it. What becomes of the agreements is in the notice, and happens when it is
carried out, on its day or later.
"""
