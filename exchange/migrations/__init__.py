"""The database's shape, as a sequence of migrations."""
