"""The log in PostgreSQL: appending, growing the tree, signing checkpoints, continuity with what was signed."""
