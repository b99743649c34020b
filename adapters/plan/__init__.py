"""Query plans: conditions, masks and columns as values, their JSON and text, and the SQL that dialects share. Pure."""
