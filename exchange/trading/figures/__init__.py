"""Figures of the market, computed from the ledger's entries: by day, for the yearly disclosure, and about a listing."""
