"""The commands of `exchange-client`: one module for each kind of work."""
