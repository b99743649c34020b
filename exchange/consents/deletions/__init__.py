"""Deletions: what a recipient has to delete after consents ended, by when, and with what evidence."""
