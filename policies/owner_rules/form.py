"""The form of an owner's module: the names and bounds that the exchange and the sandboxed process share.

This module imports nothing: the process of an owner's module starts with it.
"""

PACKAGE = "exchange.owner"
"""The package of a module; its tests are in the package of this name with `_test`."""

MODULE, TESTS = "owner.rego", "owner_test.rego"
"""The names of its two files."""

EXPORTED_RULES = ("deny", "drop", "masks", "row_cap", "row_filters")
"""The rules of a module that take effect."""

MAX_BYTES = 64 << 10
"""Bytes of a module, and of its tests."""

MAX_LINE = 1024
"""Characters of a line."""

MAX_TESTS = 200
MAX_DIAGNOSTICS = 20
"""The most diagnostics that one check reports."""
