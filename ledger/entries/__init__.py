"""Entry types: one pydantic model for each, grouped by the room that writes them."""
