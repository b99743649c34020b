"""Inference from cells: where a table begins, which rows are records, the names, types and key of its columns."""
