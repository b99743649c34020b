"""Audit: searching the ledger, as far as one's roles allow, and replaying its decisions.

Nothing here can change an entry. A search and a replay each leave an entry.
"""
