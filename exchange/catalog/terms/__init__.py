"""Terms: who may have which fields and rows of a dataset; their schemas, and their checks against its fields."""
