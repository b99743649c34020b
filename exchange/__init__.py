"""The service: one room per business capability, wired together in app."""
