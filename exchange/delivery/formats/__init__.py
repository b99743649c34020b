"""The formats of answers: content negotiation, and records as JSON, NDJSON, CSV and Arrow."""
