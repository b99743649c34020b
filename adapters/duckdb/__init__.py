"""DuckDB, which reads snapshots: the engine in its sandbox, and its SQL dialect."""
