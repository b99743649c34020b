"""Fingerprints of tables: what is deposited with the registration of rights, to recognise a disputed copy later."""
