"""The exchange's own keys and secrets: where they are kept, which are in force, what they seal."""
