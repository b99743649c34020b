"""Delivery: one governed release of data under an agreement; the product's heart.

The path: signature → sender → facts → decision → plan → source → ledger → answer. Facts are remembered only as long as
the ledger's fence stands where they were read; the fence is checked again under the lock that orders the entry, so
nothing leaves on facts that were ended before. A refusal takes the same way to the same ledger.
"""
