"""Proposals: a source's fields as a dataset would offer them, with levels, and masks chosen by what they leave of real values."""
