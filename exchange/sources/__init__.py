"""Sources: where data lives. They are registered, described, read through adapters, and withdrawn.

A source is registered → ready (a file was read, or a table was described) → withdrawn.
"""
