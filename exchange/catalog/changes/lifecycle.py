"""The lifecycle of an update that a change of law or duty makes due, as a table (Decree 809, Article 17)."""

from typing import Final

from groundwork.lifecycle import Clock, Machine, Step

IN_FORCE: Final = "in_force"
OPEN: Final = frozenset({"due", "extended", "filed"})
CONSENT: Final = "the reference of the authority's consent"
UPDATE: Final = "catalog_update"
EXTENSION: Final = "catalog_update_ext"

_PROVIDER: Final = "steward or head of the sharing office"
_STOPS: Final = frozenset({UPDATE})

CATALOGUE_UPDATE: Final = Machine(
    "catalogue update",
    IN_FORCE,
    (
        Step(
            "state",
            frozenset({IN_FORCE}),
            "due",
            _PROVIDER,
            "809/17",
            starts=(Clock(UPDATE, UPDATE),),
            entry="dataset.change_stated",
        ),
        Step(
            "extend",
            frozenset({"due"}),
            "extended",
            "authority",
            "809/17",
            frozenset({CONSENT}),
            entry="dataset.change_extended",
        ),
        Step("file", frozenset({"due", "extended"}), "filed", _PROVIDER, "809/17", entry="dataset.filed"),
        Step("return", frozenset({"filed"}), "due", "authority", "809/16, 17", entry="dataset.returned"),
        Step("redraft", frozenset({"filed"}), "due", "steward", "809/17", entry="dataset.drafted"),
        Step("discard", frozenset({"filed"}), "due", "steward", "809/17", entry="dataset.draft_discarded"),
        Step("publish", OPEN, "updated", _PROVIDER, "809/17", stops=_STOPS, entry="dataset.published"),
        Step("withdraw", OPEN, "withdrawn", _PROVIDER, "809/27", stops=_STOPS, entry="dataset.withdrawn"),
    ),
)
"""The clock pauses from the filing until a return: the time of the review is not the department's."""
