"""Tables and views of a PostgreSQL server, queried in place."""
