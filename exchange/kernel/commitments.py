"""Salted commitments: digests of values that the ledger must not contain.

A short text can be guessed from its plain digest. A random salt prevents that, until its keeper shows text and salt. To
delete the salt ends it for good, and leaves the entry unchanged.
"""

import hashlib
import secrets
from typing import Any

from ledger.format import canonical

_SALT_BYTES = 16


def new_salt() -> str:
    """A fresh salt: 16 random bytes in hex."""
    return secrets.token_hex(_SALT_BYTES)


def commitment(value: Any, *, salt: str) -> str:
    """Hex SHA-256 of the salt's bytes followed by the value's canonical JSON (RFC 8785). Raises NotCanonical."""
    return hashlib.sha256(bytes.fromhex(salt) + canonical.dumps(value)).hexdigest()
