"""A finding: why a field is about people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The reason why a field is about people. `identifies`: its values point to one person. `is_key`: as no other field."""

    reason: str
    identifies: bool = True
    is_sensitive: bool = False
    is_key: bool = False
