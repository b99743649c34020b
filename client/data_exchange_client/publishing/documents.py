"""The documents of datasets: a first one from what was proposed, and the next one from what is published."""

from collections.abc import Mapping, Sequence
from typing import Any

Field = Mapping[str, Any]
"""A field as `POST /api/v1/sources/{id}/proposal` answers it."""


def first_document(
    fields: Sequence[Field],
    *,
    title: Mapping[str, str],
    description: Mapping[str, str] | None = None,
    purposes: Sequence[str],
    terms: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A dataset's document: shared on conditions, every field on offer, masked as proposed.

    `terms` are added to those, and `more` are further members of the document.
    """
    zh, en = "、".join(purposes), ", ".join(purposes)
    return {
        "title": dict(title),
        "description": dict(description or title),
        "fields": [described_field(field) for field in fields],
        "sharing": {
            "attribute": "conditional",
            "scope": "经申请并签订协议的单位 (organisations with an agreement)",
            "use": f"{zh} ({en})",
        },
        "terms": {
            "purposes": list(purposes),
            "fields": [field["name"] for field in fields],
            **(terms or {}),
            "masks": masks_of(fields),
        },
        **more,
    }


def next_document(
    published: Mapping[str, Any],
    fields: Sequence[Field],
    *,
    terms: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The published document over a new source: what it states of a field stays, and new fields are added as proposed.

    Fields that the source lacks are dropped. `fields` have the masks of the next version; `terms` and `more` replace
    members.
    """
    known = {field["name"]: field for field in published["fields"]}
    names = {field["name"] for field in fields}
    offered = published["terms"]["fields"]
    kept = {name: value for name, value in published["terms"].items() if value is not None}
    document = {
        **published,
        "fields": [
            {**known[field["name"]], "type": field["type"]} if field["name"] in known else described_field(field)
            for field in fields
        ],
        "terms": {
            **kept,
            "fields": [name for name in offered if name in names]
            + [field["name"] for field in fields if field["name"] not in known],
            **(terms or {}),
            "masks": masks_of(fields),
        },
    }
    for name, value in more.items():
        document[name] = {**document.get(name, {}), **value} if isinstance(value, Mapping) else value
    return {name: value for name, value in document.items() if value is not None}


def described_field(field: Field) -> dict[str, Any]:
    """A proposed field as a dataset's document has it."""
    return {
        "name": field["name"],
        "type": field["type"],
        "title": {"zh": field["name"], "en": field["name"]},
        "level": field["level"],
        "personal": field["personal"],
        "sensitive": field["sensitive"],
        "subject_key": field["subject_key"],
    }


def masks_of(fields: Sequence[Field]) -> dict[str, Any]:
    """The masks of fields, by name."""
    return {field["name"]: field["mask"] for field in fields if field["mask"] is not None}
