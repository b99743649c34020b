"""A ledger as files, in a directory or behind a URL: read, served, pruned."""
