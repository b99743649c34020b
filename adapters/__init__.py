"""Where the data lives: one file per kind of source, one shared contract."""
