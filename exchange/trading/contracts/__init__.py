"""Contracts: the document and the text that an offer fills, and what both sides sign."""
