"""Propose a dataset from a source's description: levels and masks that err on the careful side.

An import guesses from names and shapes. The publisher sees the whole proposal first, and can correct each guess.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.plan.masks import FieldType

Mask = dict[str, Any]

# What is left of a personal value by default: a string keeps its first character, a day its year. A value without a
# coarser form is left out.
_PERSONAL: Mapping[FieldType, Mask] = {
    "string": {"kind": "partial", "keep_start": 1, "keep_end": 0},
    "integer": {"kind": "bucket", "size": 10},
    "date": {"kind": "year"},
    "timestamp": {"kind": "year"},
}
# Sensitive text becomes a pseudonym: constant within an agreement, different in the next.
_SENSITIVE: Mapping[FieldType, Mask] = {"string": {"kind": "hash"}}
_KEY: Mapping[FieldType, Mask] = {"string": {"kind": "hash"}, "integer": {"kind": "hash"}}
_NOTHING: Mask = {"kind": "null"}


@dataclass(frozen=True, slots=True)
class ProposedField:
    """One field as it would be published; `reason` is why it counts as personal."""

    name: str
    type: FieldType
    level: str = "G1"
    is_personal: bool = False
    is_sensitive: bool = False
    is_subject_key: bool = False
    mask: Mask | None = None
    reason: str = ""

    def document(self) -> dict[str, Any]:
        """The field as the catalogue's API takes it."""
        return {
            "name": self.name,
            "type": self.type,
            "title": {"zh": self.name, "en": self.name},
            "level": self.level,
            "personal": self.is_personal,
            "sensitive": self.is_sensitive,
            "subject_key": self.is_subject_key,
        }


def propose_fields(
    description: Mapping[str, Any], *, clear: Sequence[str] = (), personal: Sequence[str] = ()
) -> tuple[ProposedField, ...]:
    """Fields with levels and masks, from a source's description as the API returns it.

    `clear` names fields that are about nobody, whatever the import guessed; `personal` those that are about people.
    """
    hints: dict[str, dict[str, str]] = {}
    for hint in description.get("hints", ()):
        hints.setdefault(hint["field"], {})[hint["kind"]] = hint["reason"]
    for name in personal:
        hints.setdefault(name, {}).setdefault("personal", "you said so")
    for name in clear:
        hints.pop(name, None)
    key = _subject_key(description, hints)
    return tuple(
        _proposed(field["name"], field["type"], hints.get(field["name"], {}), is_key=field["name"] == key)
        for field in description["fields"]
    )


def _subject_key(description: Mapping[str, Any], hints: Mapping[str, Mapping[str, str]]) -> str | None:
    """The field that identifies the person a row is about: of several, the one that is also the row's key."""
    candidates = [name for name, kinds in hints.items() if "subject_key" in kinds]
    return next((name for name in candidates if name in description.get("key", ())), next(iter(candidates), None))


def _proposed(name: str, type_: FieldType, kinds: Mapping[str, str], *, is_key: bool) -> ProposedField:
    if not kinds:
        return ProposedField(name, type_)
    is_sensitive = "sensitive" in kinds
    masks = _KEY if is_key else _SENSITIVE if is_sensitive else _PERSONAL
    return ProposedField(
        name,
        type_,
        level="G4" if is_sensitive else "G3",
        is_personal=True,
        is_sensitive=is_sensitive,
        is_subject_key=is_key,
        mask=masks.get(type_, _NOTHING),
        reason=kinds.get("subject_key") or kinds.get("sensitive") or kinds.get("personal", ""),
    )


def dataset_document(
    fields: Sequence[ProposedField],
    *,
    title: Mapping[str, str],
    description: Mapping[str, str],
    purposes: Sequence[str],
    row_filter: Mapping[str, Any] | None = None,
    module: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A dataset's document: shared on conditions, every field on offer, masked as proposed.

    `more` are further members of the document.
    """
    zh, en = "、".join(purposes), ", ".join(purposes)
    return {
        "title": dict(title),
        "description": dict(description),
        "fields": [field.document() for field in fields],
        "sharing": {
            "attribute": "conditional",
            "scope": "经申请并签订协议的单位 (organisations with an agreement)",
            "use": f"{zh} ({en})",
        },
        "terms": {
            "purposes": list(purposes),
            "fields": [field.name for field in fields],
            "masks": {field.name: field.mask for field in fields if field.mask is not None},
            "row_filter": dict(row_filter) if row_filter else None,
            **({"module": module} if module else {}),
        },
        **more,
    }


def describe_mask(mask: Mapping[str, Any] | None) -> str:
    """A mask's effect on a field, in words."""
    if mask is None:
        return "as it is"
    ends = {"first": mask.get("keep_start"), "last": mask.get("keep_end")}
    rest = " and ".join(f"{end} {count}" for end, count in ends.items() if count)
    words = {
        "hash": "as a pseudonym",
        "partial": f"{rest or 'nothing'} kept, rest *",
        "year": "year only",
        "month": "month only",
        "prefix": f"first {mask.get('length')} characters",
        "bucket": f"in ranges of {mask.get('size')}",
        "constant": f"always {mask.get('value')}",
        "null": "left empty",
    }
    return words[mask["kind"]]
