"""The command `ledger verify-statement`: a bill of an account, recomputed from its export alone."""

from pathlib import Path
from typing import Annotated

import typer

from ledger.format import canonical
from ledger.verification.billing.statements import verify_statement as verify
from ledger.verification.billing.statements import verify_streamed
from ledger.verification.terminal import fail, read_history, read_key


def verify_statement(
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The statement's export: statement, entries, receipts, price document."),
    ],
    *,
    vkey: Annotated[str, typer.Option("--vkey", help="The log's key: a verifier key, or a file with one.")],
    rotations: Annotated[
        str | None,
        typer.Option(
            "--rotations",
            metavar="DIR|URL",
            help="The exported ledger, or the exchange's URL, with the announcements of a key that was rotated.",
        ),
    ] = None,
) -> None:
    """Verify a statement: that its entries are all of the account's month and no others, and each of its lines.

    The export is one JSON document, or lines: its members without `entries`, then each entry. Lines are read one by one.
    It needs no server. What is wrong is named by its place in the export, such as a line of the statement.
    """
    key = read_key(vkey)
    keys = key if rotations is None else read_history(rotations, key)
    try:
        with path.open("rb") as lines:
            head = canonical.loads(lines.readline().removesuffix(b"\n"))
            if type(head) is dict and "entries" not in head:
                wrong = verify_streamed(head, (line.removesuffix(b"\n") for line in lines), keys)
            else:
                wrong = verify(head, keys)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}") from None
    except canonical.NotCanonical as error:
        fail(f"FAILED: {path}: {error}")
    if wrong:
        fail("\n".join(["FAILED", *(each.text() for each in wrong)]))
    statement = head["statement"]
    typer.echo(
        f"OK: statement {statement['number']} of account {statement['account']} for {statement['month']}: "
        f"net {statement['net']}, tax {statement['tax']}, total {statement['total']} ({statement['currency']}, smallest unit)"
    )
