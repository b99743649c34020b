"""Recognise fields about people, by their names, their values and their table; and what identifies a person among them.

A guess errs on the careful side, since the owner sees it with its reason and can correct it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from exchange.catalog.proposal.finding import Finding
from exchange.catalog.proposal.names import find_by_name, find_circumstance, find_place, names_organisation
from exchange.catalog.proposal.shapes import find_by_values, find_in_content, is_numbering

_NUMBERING: Final = Finding("its values tell people apart")


def find_about_people(names: Sequence[str], texts: Mapping[str, Sequence[str]]) -> dict[str, Finding]:
    """Fields that are about people, by name, each with the reason. `texts` are the sampled values of each field, as text."""
    return {name: finding for name in names if (finding := _of_field(name, texts.get(name, ())))}


def find_beside_people(names: Iterable[str], texts: Mapping[str, Sequence[str]]) -> dict[str, Finding]:
    """Fields that are about people because their table is.

    These are codes that tell its rows apart, such as a staff number under another name, coordinates, pay and career.
    """
    findings = {
        name: find_place(name) or find_circumstance(name) or (_NUMBERING if is_numbering(texts.get(name, ())) else None)
        for name in names
    }
    return {name: finding for name, finding in findings.items() if finding is not None}


def _of_field(name: str, values: Sequence[str]) -> Finding | None:
    is_of_organisation = names_organisation(name)
    return (
        find_by_values(values, is_of_organisation=is_of_organisation) or find_by_name(name) or find_in_content(values)
    )


def texts_of(values: Iterable[Any], text_form: Callable[[Any], str]) -> list[str]:
    """Values as trimmed text, without the missing ones. A double of a whole number has no decimal point."""
    return [
        text
        for value in values
        if value is not None
        and (text := (str(int(value)) if isinstance(value, float) and value.is_integer() else text_form(value)).strip())
    ]
