"""Policies: roles (Casbin), the delivery policy (Rego) and its engines, owners' modules, and terms as ODRL."""
