"""Inference: where a table begins, what its columns are called, and which types they have."""
