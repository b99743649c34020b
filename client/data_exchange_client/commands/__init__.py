"""The commands of `exchange-client`: one module for each kind of work, and what all of them print and ask for."""
