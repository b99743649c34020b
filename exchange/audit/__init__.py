"""Audit: the ledger as the world sees it — checkpoints, tiles, receipts, entries — and the task that publishes them.

Nothing here can change an entry. Reading the log through a search is itself on the ledger.
"""
