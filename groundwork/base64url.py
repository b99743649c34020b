"""Bytes as text in base64url without padding (RFC 4648 section 5), as JOSE and this exchange's API write them."""

import base64
import binascii


def encode(data: bytes) -> str:
    """Bytes as text."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def decode(text: str) -> bytes:
    """Text as bytes. Raises ValueError for anything that `encode` does not write."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64url without padding") from error
    if encode(data) != text:
        raise ValueError("not base64url without padding")
    return data
