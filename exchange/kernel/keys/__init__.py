"""The exchange's own keys and secrets: key stores, the keyring in force, sealing, and secret slots."""
