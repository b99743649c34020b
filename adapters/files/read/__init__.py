"""Readers of file formats: CSV, JSON, workbooks, Parquet. Each yields batches of text cells."""
