"""Questions before an act, which a person answers at the terminal."""

from typing import Any

import typer

from data_exchange_client.errors import CannotDo
from data_exchange_client.publishing import showing
from data_exchange_client.publishing.verbs import Draft, Questions
from data_exchange_client.terminal.output import console


def questions(name: str, *, yes: bool) -> Questions:
    """Show each step and ask, unless the answer is yes beforehand."""

    def accept_draft(prepared: Draft) -> bool:
        showing.show_draft(console(), prepared, name=name)
        has_effects = prepared.following is not None and bool(prepared.following["version"])
        question = "See what it changes for agreements?" if has_effects else "Publish it like this?"
        return yes or confirmed(question, "published", "publishes")

    def accept_effects(effects: Any) -> bool:
        showing.show_effects(console(), effects)
        return yes or confirmed("Publish this version?", "published", "publishes")

    return Questions(accept_draft, accept_effects)


def confirmed(question: str, act: str, does: str) -> bool:
    """Ask; raises CannotDo where nobody answers."""
    try:
        return bool(typer.confirm(question))
    except typer.Abort:
        raise CannotDo(f"nobody answered, so nothing was {act}", hint=f"--yes {does} without asking") from None
