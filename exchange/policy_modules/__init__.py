"""Owners' modules: submit, check and store the Rego that an owner writes for its own datasets, beside their terms.

A module is named by its digest and never changes. It is stored once it is checked and its own tests pass, and
`module.accepted` records that on the ledger. A dataset's terms name a module by its digest, so the drafts, versions and effects
of the terms are those of the module too. A module only denies and narrows (policies/owner_rules/narrowing.py).
"""
