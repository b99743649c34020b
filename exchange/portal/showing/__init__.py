"""Showing: which answers about a person can be shown to whom, and the codes that a person makes for it."""
