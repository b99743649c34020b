"""Commands for the upkeep of an exchange: its settings, its backups."""
