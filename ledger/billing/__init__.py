"""Billing: prices, statements and splits as values that buyer, seller and exchange compute alike, without a database."""
