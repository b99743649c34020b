"""Listings: what a seller offers, the gate it passes, the market operator's review, and its offers."""
