"""Tables and views of PostgreSQL, queried in place: address, connection, catalogue, statements, point reads."""
