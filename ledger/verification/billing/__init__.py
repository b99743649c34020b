"""Verification of bills: a statement recomputed from its export."""
