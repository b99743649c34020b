"""The query plan: conditions, masks and columns as values, and what SQL dialects share. Pure: no I/O and no engine."""
