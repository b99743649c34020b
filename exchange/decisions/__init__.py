"""Decisions: what each was made of, kept by its digest, so that any decision on the ledger can be made again.

A decision's entry names the policy bundle and, salted, the input document. Both are here before the first entry that
names them is durable. Inputs hold owners' row filters: nothing outside the audit room gives one out.
"""
