"""The operator's command `exchange`, and its demonstration."""
