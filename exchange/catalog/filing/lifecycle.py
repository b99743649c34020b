"""The lifecycles of a catalogue entry's version and of an update that a change makes due, as tables (Decree 809)."""

from types import MappingProxyType
from typing import Final

from groundwork.lifecycle import Clock, Machine, Step

DRAFT: Final = "draft"
OPEN: Final = frozenset({"assessed", "consented", "filed", "returned"})
"""The states of a filing that goes on."""

SECRECY: Final = "an assessment of secrecy risks"
IMPACT: Final = "an impact assessment of the personal information"
CLASSIFIED: Final = "a classification"
METHOD: Final = "a method of sharing"
ANOTHER: Final = "a person other than the one who drafted or assessed it"
REASON: Final = "a stated reason"

ARTICLES: Final = MappingProxyType(
    {
        SECRECY: "Decree 809, 13",
        IMPACT: "Decree 809, 13; PIPL 55",
        CLASSIFIED: "Decree 809, 13",
        METHOD: "Decree 809, 13, 22",
        ANOTHER: "Decree 809, 13",
        REASON: "Decree 809, 16",
    }
)
"""The rule behind each need."""

_REVIEW: Final = "catalog_review"
_UPDATE: Final = "catalog_update"

CATALOGUE_ENTRY: Final = Machine(
    "catalogue entry",
    DRAFT,
    (
        Step(
            "assess",
            frozenset({DRAFT, "returned"}),
            "assessed",
            "steward",
            "809/13",
            frozenset({SECRECY, IMPACT, CLASSIFIED, METHOD}),
            entry="dataset.assessed",
        ),
        Step(
            "consent",
            frozenset({"assessed"}),
            "consented",
            "head of the sharing office",
            "809/13",
            frozenset({ANOTHER}),
            entry="dataset.consented",
        ),
        Step(
            "file",
            frozenset({"consented"}),
            "filed",
            "steward or head of the sharing office",
            "809/16, 17",
            starts=(Clock(_REVIEW, _REVIEW),),
            entry="dataset.filed",
        ),
        Step(
            "return",
            frozenset({"filed"}),
            "returned",
            "authority",
            "809/16",
            frozenset({REASON}),
            stops=frozenset({_REVIEW}),
            entry="dataset.returned",
        ),
        Step(
            "publish",
            frozenset({"filed"}),
            "published",
            "authority",
            "809/16, 17",
            stops=frozenset({_REVIEW}),
            entry="dataset.published",
        ),
        Step("redraft", OPEN, "replaced", "steward", "809/13", stops=frozenset({_REVIEW}), entry="dataset.drafted"),
        Step(
            "discard",
            OPEN,
            "discarded",
            "steward",
            "its own draft",
            stops=frozenset({_REVIEW}),
            entry="dataset.draft_discarded",
        ),
        Step(
            "withdraw",
            OPEN,
            "withdrawn",
            "steward or head of the sharing office",
            "809/27",
            stops=frozenset({_REVIEW}),
            entry="dataset.withdrawn",
        ),
    ),
)
"""A returned draft is assessed again or replaced; silence of the authority publishes nothing."""
