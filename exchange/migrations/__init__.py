"""Migrations: the database's shape as a sequence of revisions, and new incarnations of the ledger."""
