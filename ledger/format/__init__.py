"""Formats of the ledger: entries, tree, checkpoints, signatures, receipts. Pure: bytes in, values out."""
