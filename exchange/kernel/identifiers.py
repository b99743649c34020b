"""Identifiers: UUID version 7 (RFC 9562 section 5.7), which sort by the time of their creation."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, 74 random bits.

    It uses the system's time instead of the exchange's clock: an identifier stays unique when a clock is set back.
    """
    return UUID(int=_new_value())


def new_id_text() -> str:
    """A fresh UUIDv7 in its canonical form, without the object (hot path)."""
    digits = f"{_new_value():032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _new_value() -> int:
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10)) >> 6
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76
    value |= (random >> 62) << 64
    value |= 0b10 << 62
    return value | random & (1 << 62) - 1


def as_id(text: str) -> UUID | None:
    """Parse an identifier; None for a text that is not a UUID in its canonical form."""
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text else None
