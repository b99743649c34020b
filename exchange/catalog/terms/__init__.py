"""Terms: who may have what of a dataset, checked against its fields, and expressed as ODRL offers."""
