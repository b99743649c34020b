"""Subjects: the people whom deliveries are about; their pseudonyms, sealed details, erasure, and legal holds.

An identity is a scheme and a value: whose identifier it is, and the identifier. A subject has a data key of its own,
wrapped under a secret that lies outside the database; its pseudonym is derived from that key, and its details are
sealed under it. Entries hold pseudonyms and commitments. An erasure deletes the wrapped key and the sealed details in
the transaction that appends `erasure.executed`, and then destroys the secret. The database records the erasure, so the
next start finishes one that a crash interrupted. A legal hold, or a running retention, refuses an erasure.
"""
