"""Uploaded files: read once into an immutable snapshot, then queried like a table."""
