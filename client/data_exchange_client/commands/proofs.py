"""Proofs to keep: receipts of ledger entries, evidence of answers."""

from pathlib import Path
from typing import Annotated

import typer

from data_exchange_client import openings
from data_exchange_client.evidence import Evidence
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, TrustFile, Url, connect
from data_exchange_client.terminal.output import fail, note, print_json, reporting_failures
from data_exchange_client.trust import Trust


def receipt(
    index: Annotated[int, typer.Argument(min=0, help="The ledger index of the entry.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Also write INDEX.receipt and INDEX.entry to this directory.")
    ] = None,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for a checkpoint.")] = 10.0,
    key: Annotated[Path | None, typer.Option("--key", envvar="EXCHANGE_KEY", help="Your system's key file.")] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Get and verify the receipt of a ledger entry, and print the entry."""
    with connect(url, key, trust) as client:
        verified = client.receipt(index, wait=wait)
        if output:
            paths = verified.save(output)
            note(f"wrote {paths[0]} and {paths[1]}")
    print_json(verified.body)
    size = verified.checkpoint.size
    note(f"entry {index} is in the ledger {verified.checkpoint.origin}, under its checkpoint of size {size}")


def opening(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The answer of /portal/uses/ENTRY/opening.")],
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Check, offline, whether a person was in an answer that names nobody, by the file that the portal gave them."""
    with reporting_failures():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            fail(f"a file cannot be read: {error}")
        proven = openings.verify(text, Trust.load(trust))
    stands = "in" if proven.is_in else "NOT in"
    typer.echo(f"verified: the person was {stands} the answer of ledger entry {proven.index}, {proven.body['at']}")
    if not proven.is_bound:
        note("the identifier was bound after this answer: that it was made with the same secret is the exchange's word")


def verify(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `fetch` wrote.")],
    evidence: Annotated[Path, typer.Option("--evidence", help="The evidence that `fetch --evidence` wrote for it.")],
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Check, offline, that the exchange gave exactly this file in answer to exactly one request."""
    with reporting_failures():
        try:
            answer = Evidence.parse(evidence.read_text(encoding="utf-8"))
            answer.verify(Trust.load(trust), path)
        except (OSError, UnicodeDecodeError) as error:
            fail(f"a file cannot be read: {error}")
    entry = "" if answer.entry is None else f", ledger entry {answer.entry}"
    typer.echo(f"verified: {path} is the exchange's answer to {answer.method} {answer.target_uri}{entry}")
