"""Identifiers: UUID version 7 (RFC 9562 section 5.7), so that keys sort by the time they were made."""

import secrets
import time
from uuid import UUID


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of Unix milliseconds, 74 random bits.

    It reads the system's time and not the exchange's clock: an identifier must stay unique when a clock is set back.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76
    value |= (random >> 62) << 64
    value |= 0b10 << 62
    value |= random & (1 << 62) - 1
    return UUID(int=value)


def as_id(text: str) -> UUID | None:
    """The identifier a text names, or None where the text is not one in its usual form."""
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text else None
