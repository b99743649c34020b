"""Entry bodies: the registry is complete, types are unique, and older entries still read."""

import pytest
from pydantic import ValidationError

from ledger import entries


def _subclasses(model: type[entries.Body]) -> set[type[entries.Body]]:
    return {model, *(leaf for child in model.__subclasses__() for leaf in _subclasses(child))}


def test_the_registry_has_every_model_that_is_defined() -> None:
    defined = {model for model in _subclasses(entries.Body) if model.model_fields["type"].annotation is not str}
    assert defined == set(entries.all_bodies())
    assert len(entries.all_bodies()) == len(defined)


def test_each_type_belongs_to_one_model() -> None:
    types = [name for model in entries.all_bodies() for name in entries.types_of(model)]
    assert len(types) == len(set(types))


def test_the_package_exports_every_model_and_its_parts() -> None:
    assert {model.__name__ for model in entries.all_bodies()} <= set(entries.__all__)
    assert all(hasattr(entries, name) for name in entries.__all__)


@pytest.mark.parametrize("kind", ["file", "postgresql", "object-store", "s3"])
def test_a_source_of_any_kind_is_written_and_read(kind: str) -> None:
    body = entries.SourceRegistered(at="2026-01-05T08:00:00.250000Z", actor=entries.Actor(), source_kind=kind)
    assert entries.SourceRegistered.model_validate_json(body.canonical()) == body


@pytest.mark.parametrize("kind", ["", "File", "a b", "1", "x" * 33])
def test_a_kind_of_source_is_one_short_lower_case_word(kind: str) -> None:
    with pytest.raises(ValidationError, match="source_kind"):
        entries.SourceRegistered(at="2026-01-05T08:00:00.250000Z", actor=entries.Actor(), source_kind=kind)
