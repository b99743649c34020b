"""Verification of a ledger from its files alone: chain, tree, checkpoints, cosignatures."""
