"""Owners' Rego modules: checked, run in a sandbox, and allowed only to narrow a decision."""
