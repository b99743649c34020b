"""Backup and restore of an exchange: a dump of the database at one point of the ledger, the files beside it, its keys apart."""
