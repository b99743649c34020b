"""`exchange hold`: legal holds on a person's details, with the security administrator's key and through the API."""

from enum import StrEnum
from typing import Annotated

import typer

from admin.commands.options import Data, FieldName, read_identifier
from admin.server.reaching import client_of
from admin.terminal import console, reporting_failures

Dataset = Annotated[str, typer.Argument(help="A dataset that identifies the person: ORGANISATION/DATASET, or its id.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the exchange, its salted digest on the ledger.")]

app = typer.Typer(
    help="Place and lift legal holds, which keep a person's details from erasure.",
    no_args_is_help=True,
    add_completion=False,
)


class HoldBasis(StrEnum):
    """The basis of a hold."""

    LITIGATION = "litigation"
    INVESTIGATION = "investigation"
    SUPERVISION = "supervision"
    OTHER_LAW = "other-law"


@app.command()
def place(
    dataset: Dataset,
    reason: Reason,
    basis: Annotated[HoldBasis, typer.Option(help="What demands it.")] = HoldBasis.LITIGATION,
    field: FieldName = None,
    data: Data = None,
) -> None:
    """Place a legal hold: the person's details are not erased until it is lifted."""
    with reporting_failures():
        request = {
            "dataset": dataset,
            "field": field,
            "value": read_identifier(),
            "basis": basis.value,
            "reason": reason,
        }
        with client_of(data, "security") as client:
            hold = client.request("POST", "/api/v1/subjects/holds", json=request).json()
        console().print(f"The hold is placed. To lift it: exchange hold lift {hold['id']}", soft_wrap=True)


@app.command()
def lift(
    hold_id: Annotated[str, typer.Argument(metavar="ID", help="The hold.")], reason: Reason, data: Data = None
) -> None:
    """Lift a legal hold."""
    with reporting_failures(), client_of(data, "security") as client:
        client.request("POST", f"/api/v1/subjects/holds/{hold_id}/lifting", json={"reason": reason})
        console().print("The hold is lifted.")


@app.command("list")
def list_holds(data: Data = None) -> None:
    """List the holds that are in force."""
    with reporting_failures(), client_of(data, "security") as client:
        for hold in client.request("GET", "/api/v1/subjects/holds").json():
            console().print(f"{hold['id']}  {hold['placed_at']}  {hold['basis']}  {hold['subject']}", soft_wrap=True)
