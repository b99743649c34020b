"""Uploaded files: imported once into an immutable snapshot, then queried like a table."""
