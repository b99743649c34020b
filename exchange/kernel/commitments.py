"""Commitments: digests that the ledger holds of what it must not tell.

Reasons, legal bases and row filters can hold a person's name or number. A plain digest of so little text could be
found by trying; behind a random salt it tells nothing, until whoever keeps text and salt shows both. Deleting the salt
takes that away for good, and leaves the entry as it is.
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
