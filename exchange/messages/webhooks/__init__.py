"""Webhooks: an organisation's own HTTPS servers, to which its messages are posted, signed by the exchange's key.

A post is tried again with growing pauses. A webhook whose posts fail too often is held until its organisation resumes it.
"""
