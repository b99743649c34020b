"""Subjects: the people whom questions name, so that the ledger can tell of each and forget each without breaking.

A subject is known by a scheme and a value: whose identifier it is, and the identifier. It has a data key of its own,
wrapped under a secret that lies outside the database; under that key its pseudonym is made and its details are sealed.
Entries hold pseudonyms and commitments. An erasure deletes the wrapped key and what was sealed in the transaction that
appends `erasure.executed`, and then destroys the secret; what says so is in the database, so whoever comes next
finishes what a crash left. A legal hold, or a retention that is still running, refuses it.
"""
