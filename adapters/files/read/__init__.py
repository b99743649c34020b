"""Readers of file formats: CSV, JSON, workbooks (in a process of their own), Parquet; encodings; formats by content."""
