"""DuckDB as the reader of snapshots: the engine, and its SQL dialect."""
