"""Propose the fields of a dataset from a source's description and a sample of its rows."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from adapters.plan.applied import text_form
from adapters.plan.masks import Hash, Mask, mask_from_json, mask_to_json
from adapters.plan.plan import Field
from exchange.catalog.proposal.finding import Finding
from exchange.catalog.proposal.identifying import find_about_people, find_beside_people, texts_of
from exchange.catalog.proposal.leaving import Leaving, measure
from exchange.catalog.proposal.masks import default_mask

STATED: Final = "you said so"


@dataclass(frozen=True, slots=True)
class ProposedField:
    """A field as it would be published. `reason` is why it counts as personal, `leaving` what its mask leaves of the sample."""

    name: str
    type: str
    level: str
    is_personal: bool
    is_sensitive: bool
    is_subject_key: bool
    identifies: bool
    mask: Mapping[str, Any] | None
    reason: str
    leaving: Leaving


@dataclass(frozen=True, slots=True)
class Wishes:
    """Choices that the owner states beforehand.

    `clear` are fields about nobody and `personal` fields about people, whatever a guess says. `masks` replace the default
    masks; None for a field that leaves as it is.
    """

    clear: Collection[str] = ()
    personal: Collection[str] = ()
    masks: Mapping[str, Mapping[str, Any] | None] | None = None


def propose(
    description: Mapping[str, Any],
    fields: Sequence[Field],
    sample: Mapping[str, Sequence[Any]],
    wishes: Wishes,
    *,
    examples: int,
) -> tuple[ProposedField, ...]:
    """The fields of a source as a dataset. `sample` has each field's values, unmasked, in the order of the rows.

    `description` is the source's as it is stored: its hints count as well as what the sample shows. Each field has at most
    `examples` examples of what its mask leaves.
    """
    texts = {field.name: texts_of(sample.get(field.name, ()), text_form) for field in fields}
    findings = _findings(description, [field.name for field in fields], texts, wishes)
    key = _subject_key(description, findings)
    stated = wishes.masks or {}
    pseudonym_key = secrets.token_bytes(32)
    return tuple(
        _proposed(
            field,
            findings.get(field.name),
            sample.get(field.name, ()),
            is_key=field.name == key,
            stated=stated,
            pseudonym_key=pseudonym_key,
            examples=examples,
        )
        for field in fields
    )


def _findings(
    description: Mapping[str, Any], names: Sequence[str], texts: Mapping[str, Sequence[str]], wishes: Wishes
) -> dict[str, Finding]:
    findings = find_about_people(names, texts)
    for hint in description.get("hints", ()):
        findings[hint["field"]] = _with_hint(findings.get(hint["field"]), hint["kind"], hint["reason"])
    for name in wishes.personal:
        findings.setdefault(name, Finding(STATED, identifies=False))
    if any(name not in wishes.clear for name in findings):
        others = [name for name in names if name not in findings or not findings[name].identifies]
        for name, finding in find_beside_people(others, texts).items():
            known = findings.get(name, finding)
            findings[name] = replace(
                known,
                identifies=known.identifies or finding.identifies,
                is_sensitive=known.is_sensitive or finding.is_sensitive,
            )
    return {name: finding for name, finding in findings.items() if name in names and name not in wishes.clear}


def _with_hint(finding: Finding | None, kind: str, reason: str) -> Finding:
    """A finding and a hint of the source together. What identifies the subject of a row identifies a person."""
    known = finding or Finding(reason, identifies=False)
    return replace(
        known,
        identifies=known.identifies or kind == "subject_key",
        is_sensitive=known.is_sensitive or kind == "sensitive",
        is_key=known.is_key or kind == "subject_key",
    )


def _subject_key(description: Mapping[str, Any], findings: Mapping[str, Finding]) -> str | None:
    """The field that identifies the person a row is about: of several, the one that is also the row's key."""
    candidates = [name for name, finding in findings.items() if finding.is_key]
    return next((name for name in candidates if name in description.get("key", ())), next(iter(candidates), None))


def _proposed(
    field: Field,
    finding: Finding | None,
    values: Sequence[Any],
    *,
    is_key: bool,
    stated: Mapping[str, Mapping[str, Any] | None],
    pseudonym_key: bytes,
    examples: int,
) -> ProposedField:
    mask: Mask | None = None
    if field.name in stated:
        wish = stated[field.name]
        mask = mask_from_json(dict(wish), key=pseudonym_key) if wish is not None else None
    elif finding is not None:
        mask = default_mask(
            field.type,
            values,
            identifies=finding.identifies,
            is_sensitive=finding.is_sensitive and not finding.identifies,
        )
    if isinstance(mask, Hash):
        mask = Hash(pseudonym_key)
    is_sensitive = finding is not None and finding.is_sensitive
    return ProposedField(
        name=field.name,
        type=field.type,
        level="G1" if finding is None else "G4" if is_sensitive else "G3",
        is_personal=finding is not None,
        is_sensitive=is_sensitive,
        is_subject_key=is_key,
        identifies=finding is not None and finding.identifies,
        mask=mask_to_json(mask) if mask is not None else None,
        reason=finding.reason if finding is not None else "",
        leaving=measure(mask, values, examples=examples),
    )
