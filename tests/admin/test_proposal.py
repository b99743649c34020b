"""What is proposed for publishing: careful by default, and always something the exchange accepts."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.plan.masks import FieldType
from admin import proposal
from exchange.catalog.checks import faults_in_document
from exchange.catalog.schemas import DatasetDocument
from tests.support.policy_samples import MASKS

_TYPES = get_args(FieldType)
_KINDS = ("personal", "sensitive", "subject_key")


def described(fields: dict[str, str], hints: list[tuple[str, str]], key: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "fields": [{"name": name, "type": type_} for name, type_ in fields.items()],
        "hints": [{"field": field, "kind": kind, "reason": "its name"} for field, kind in hints],
        "key": key,
    }


@given(st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from(_TYPES), min_size=1), st.data())
def test_every_proposal_can_be_published(fields: dict[str, FieldType], data: st.DataObject) -> None:
    hints = data.draw(st.lists(st.tuples(st.sampled_from(sorted(fields)), st.sampled_from(_KINDS))))
    proposed = proposal.propose_fields(described(dict(fields), hints))
    document = DatasetDocument.model_validate(
        proposal.dataset_document(
            proposed, title={"zh": "题", "en": "t"}, description={"zh": "题", "en": "t"}, purposes=["statistics"]
        )
    )
    assert faults_in_document(document) == []
    assert sum(one.is_subject_key for one in proposed) <= 1


@given(st.sampled_from(_TYPES), st.sampled_from(_KINDS))
def test_nothing_about_people_leaves_as_it_is(type_: str, kind: str) -> None:
    (one,) = proposal.propose_fields(described({"f": type_}, [("f", kind)]))
    assert one.is_personal
    assert one.mask is not None
    assert one.level in {"G3", "G4"}


@pytest.mark.parametrize(
    ("type_", "kind", "words"),
    [
        ("string", "personal", "first 1 kept, rest *"),
        ("integer", "personal", "in ranges of 10"),
        ("date", "personal", "year only"),
        ("number", "personal", "left empty"),
        ("string", "sensitive", "as a pseudonym"),
        ("integer", "sensitive", "left empty"),
        ("integer", "subject_key", "as a pseudonym"),
    ],
)
def test_the_mask_fits_what_the_field_is(type_: str, kind: str, words: str) -> None:
    (one,) = proposal.propose_fields(described({"f": type_}, [("f", kind)]))
    assert proposal.describe_mask(one.mask) == words


def test_every_mask_has_words() -> None:
    assert len({proposal.describe_mask(mask) for mask in MASKS}) == len(MASKS)


def test_whoever_publishes_knows_better() -> None:
    description = described({"name": "string", "note": "string"}, [("name", "personal")])
    name, note = proposal.propose_fields(description, clear=["name"], personal=["note"])
    assert (name.is_personal, name.mask, name.level) == (False, None, "G1")
    assert (note.is_personal, note.reason) == (True, "you said so")


def test_of_several_keys_the_one_that_names_the_row_names_the_person() -> None:
    hints = [("a", "subject_key"), ("b", "subject_key")]
    proposed = proposal.propose_fields(described({"a": "string", "b": "string"}, hints, key=("b",)))
    assert [one.is_subject_key for one in proposed] == [False, True]
