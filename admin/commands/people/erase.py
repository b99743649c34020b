"""`exchange erase`: erase a person's sealed details, with the operator's key and through the API."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from admin.commands.options import Data, FieldName, Yes, read_identifier
from admin.output import facts
from admin.server.reaching import client_of
from admin.terminal import CannotDo, console, reporting_failures

app = typer.Typer(add_completion=False)

_OUTCOMES = {
    "executed": "Erased. The ledger has an entry of it; every proof is as it was.",
    "executed-before": "This was erased before.",
    "nothing-held": "Nothing is held about this person: nothing was sealed, or it was erased before.",
}


class ErasureBasis(StrEnum):
    """The basis of an erasure: the cases of PIPL Article 47, in its order."""

    PURPOSE_ENDED = "purpose-ended"
    SERVICE_ENDED = "service-ended"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    UNLAWFUL_PROCESSING = "unlawful-processing"
    OTHER_LAW = "other-law"


@app.command()
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
    data: Data = None,
    *,
    yes: Yes = False,
) -> None:
    """Erase a person: destroy their key, and with it all that is sealed about them, for good."""
    with reporting_failures():
        if (dataset is None) == (subject is None):
            raise CannotDo("name the person by a dataset, or by --subject", hint="see: exchange erase --help")
        request: dict[str, Any] = {"basis": basis.value}
        request |= {"subject": subject} if subject else {"dataset": dataset, "field": field, "value": read_identifier()}
        if not yes and not typer.confirm("Nobody can undo this. Erase?"):
            raise typer.Exit(1)
        with client_of(data, "operator") as client:
            erasure = client.request("POST", "/api/v1/subjects/erasure", json=request).json()
        console().print(_OUTCOMES[erasure["outcome"]])
        if erasure["subject"]:
            rows = [
                ("entry", str(erasure["entry"])),
                ("subject", erasure["subject"]),
                ("details", str(erasure["details"])),
            ]
            console().print(facts(rows))
