"""Commands about one's own organisation: members, keys, identity, duties, messages."""
