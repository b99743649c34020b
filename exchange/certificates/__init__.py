"""Certificates of the exchange's own register of rights: credentials that verify without the exchange, and as a page.

A certificate states what the newest entry of a record states, and has that entry with its receipt inside. A record that
ends, or states something else, sets the bit of its former certificates in the list of revocations.
"""
