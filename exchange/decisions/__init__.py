"""Decisions: store the policy bundle and the input document of each decision, so that it can be replayed.

A decision's entry on the ledger names the bundle by its digest, and the input by a salted digest. Both are stored before the
first such entry is durable. Inputs hold owners' row filters: only the audit room shows one.
"""
