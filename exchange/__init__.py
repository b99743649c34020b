"""The service: one room per business capability, wired together in app."""

__version__ = "0.1.0"
