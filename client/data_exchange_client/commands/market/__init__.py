"""Commands about the market: listings, offers, orders and contracts."""
