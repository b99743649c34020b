"""Requests of people about their data: access, copy, correction, deletion and the other rights of PIPL Articles 44 to 50.

A request goes to the owner of one dataset, with a clock. The owner grants it with evidence, refuses it with reasons and
where to complain, or, where a law demands the data, stores it and does nothing else with it. What the person wrote and what
the owner answers are sealed; the ledger has a pseudonym and salted digests.
"""
