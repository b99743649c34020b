"""Roles: which role permits which act in which organisation (Casbin)."""
