"""Modules: what owners write about their own datasets in Rego, beside their terms.

A module is content: its digest names it, it is never changed, and it is here once it has been checked and its own tests
have passed; `module.accepted` says so on the ledger. The terms of a dataset attach one by its digest, so drafts, versions
and what would happen under them are those of the terms. It can deny and narrow, and nothing else (policies/owner_rules/narrowing.py).
"""
