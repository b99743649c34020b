"""`exchange erase` and `exchange hold`: the operator's and the security administrator's hands, through the API.

A person's identifier is asked for and never an argument, so that it stays out of the shell's history and of what other
users of the machine see.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from admin import places
from admin.server import reaching
from admin.shown import facts
from admin.terminal import CannotDo, console, told
from data_exchange_client.api import Client
from data_exchange_client.keys import SigningKey


class ErasureBasis(StrEnum):
    """Why a person's details are to be erased: the cases of PIPL Article 47, in its order."""

    PURPOSE_ENDED = "purpose-ended"
    SERVICE_ENDED = "service-ended"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    UNLAWFUL_PROCESSING = "unlawful-processing"
    OTHER_LAW = "other-law"


class HoldBasis(StrEnum):
    """Why they may not be."""

    LITIGATION = "litigation"
    INVESTIGATION = "investigation"
    SUPERVISION = "supervision"
    OTHER_LAW = "other-law"


Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data directory; otherwise EXCHANGE_DATA, or ./exchange-data."),
]
Dataset = Annotated[str, typer.Argument(help="A dataset that identifies the person: ORGANISATION/DATASET, or its id.")]
FieldName = Annotated[str | None, typer.Option("--field", help="The identifying field, where the dataset has several.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the exchange, its salted digest on the ledger.")]

_NOBODY = "nobody said who is meant, so nothing was done"

hold = typer.Typer(help="Hold off the erasure of a person's details, and let go again.", no_args_is_help=True)


def erase(
    dataset: Annotated[
        str | None, typer.Argument(help="A dataset that identifies the person: ORGANISATION/DATASET, or its id.")
    ] = None,
    basis: Annotated[
        ErasureBasis, typer.Option(help="Why: the case of PIPL Article 47.")
    ] = ErasureBasis.CONSENT_WITHDRAWN,
    field: FieldName = None,
    subject: Annotated[
        str | None, typer.Option(help="Instead of a dataset: the pseudonym, as entries have it in `subjects`.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether it is meant.")] = False,
    data: Data = None,
) -> None:
    """Make the ledger forget a person: destroy their key, and with it all that is sealed about them, for good."""
    with told():
        if (dataset is None) == (subject is None):
            raise CannotDo("name the person by a dataset, or by --subject", hint="exchange erase --help says more")
        wanted: dict[str, Any] = {"basis": basis.value}
        wanted |= {"subject": subject} if subject else {"dataset": dataset, "field": field, "value": _identifier()}
        if not yes and not typer.confirm("Nobody can undo this. Erase?"):
            raise typer.Exit(1)
        with _acting(data, "operator") as client:
            done = client.request("POST", "/api/v1/subjects/erasure", json=wanted).json()
        console().print(_WORDS[done["outcome"]])
        if done["subject"]:
            rows = [("entry", str(done["entry"])), ("subject", done["subject"]), ("details", str(done["details"]))]
            console().print(facts(rows))


_WORDS = {
    "executed": "Erased. The entry says so; every proof is as it was.",
    "executed-before": "This was erased before.",
    "nothing-held": "Nothing is held about this person: nothing was sealed, or it was erased before.",
}


@hold.command()
def place(
    dataset: Dataset,
    reason: Reason,
    basis: Annotated[HoldBasis, typer.Option(help="What demands it.")] = HoldBasis.LITIGATION,
    field: FieldName = None,
    data: Data = None,
) -> None:
    """Place a legal hold: the person's details are not erased until it is lifted."""
    with told():
        wanted = {"dataset": dataset, "field": field, "value": _identifier(), "basis": basis.value, "reason": reason}
        with _acting(data, "security") as client:
            placed = client.request("POST", "/api/v1/subjects/holds", json=wanted).json()
        console().print(f"The hold stands. To lift it: exchange hold lift {placed['id']}", soft_wrap=True)


@hold.command()
def lift(
    hold_id: Annotated[str, typer.Argument(metavar="ID", help="The hold.")], reason: Reason, data: Data = None
) -> None:
    """Lift a legal hold."""
    with told(), _acting(data, "security") as client:
        client.request("POST", f"/api/v1/subjects/holds/{hold_id}/lifting", json={"reason": reason})
        console().print("The hold is lifted.")


@hold.command("list")
def list_holds(data: Data = None) -> None:
    """List the holds that stand."""
    with told(), _acting(data, "security") as client:
        for one in client.request("GET", "/api/v1/subjects/holds").json():
            console().print(f"{one['id']}  {one['placed_at']}  {one['basis']}  {one['subject']}", soft_wrap=True)


@contextmanager
def _acting(data: Path | None, administrator: str) -> Iterator[Client]:
    """A client that acts with an administrator's key, on the exchange of a data directory."""
    directory = places.found(data)
    key = SigningKey.load(directory.key_file(administrator))
    with reaching.reached(directory) as (url, _), Client(url, key, trust=directory.trust()) as client:
        yield client


def _identifier() -> str:
    """The person's identifier, from whoever types it unseen, or as the first line of a pipe."""
    if sys.stdin.isatty():
        try:
            return str(typer.prompt("The person's identifier in that dataset", hide_input=True))
        except typer.Abort:
            raise CannotDo(_NOBODY) from None
    line = sys.stdin.readline().strip()
    if not line:
        raise CannotDo(_NOBODY)
    return line
