"""Masks applied to single values in Python: what an owner is shown of a mask before it is published.

Deliveries never come here: their masks are applied by the source. Both have the one meaning of `adapters.plan.masks`, and
the conformance suite compares them in every source.
"""

import hashlib
import hmac
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from adapters.plan.masks import Bucket, Constant, Hash, Mask, Month, Null, Partial, Prefix, Year


def apply_mask(mask: Mask | None, value: Any) -> Any:  # noqa: C901, PLR0911 - one return a mask
    """A value under a mask. The mask fits the value's type; a hash without a key raises ValueError."""
    if isinstance(mask, Constant):
        return mask.value
    if mask is None or value is None:
        return value
    match mask:
        case Null():
            return None
        case Hash(key):
            if key is None:
                raise ValueError("a hash needs a key")
            return hmac.new(key, text_form(value).encode(), hashlib.sha256).hexdigest()
        case Partial(start, end):
            text = text_form(value)
            hidden = len(text) - start - end
            return "*" * len(text) if hidden <= 0 else text[:start] + "*" * hidden + text[len(text) - end :]
        case Prefix(length):
            return text_form(value)[:length]
        case Year():
            return value.year
        case Month():
            return f"{value.year:04}-{value.month:02}"
        case Bucket(size):
            low = value // size * size
            return f"{low}-{low + size - 1}"


def text_form(value: Any) -> str:
    """A value as text, in the form that hashes and partial masks work on."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
    return str(value)
