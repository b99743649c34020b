"""One-time codes of people, at the window: redeem one, and verify what it showed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from data_exchange_client.proofs import AnswerProof
from data_exchange_client.terminal.documents import read_secret
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import fail, note, print_facts, print_json, reporting_failures
from data_exchange_client.trust import Trust
from groundwork import durable


def redeem(
    *,
    key: KeyFile,
    purpose: Annotated[str, typer.Option("--purpose", help="What it is for: the code's purpose.")],
    proof: Annotated[
        Path | None, typer.Option("--proof", help="Write the proof to this file; `verify-answers` reads it offline.")
    ] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Redeem a person's one-time code: exactly the answers that the person chose, once.

    The code is read from standard input: what a scanner types, or 8 digits.
    """
    code = read_secret("The code").replace(" ", "").upper()
    with connect(url, key, trust) as client:
        given = client.redeem(code, purpose=purpose)
    document = given.json()
    if proof is not None:
        durable.write(proof, document["proof"].encode() + b"\n", mode=0o600)
    if as_json:
        print_json(document)
    else:
        print_facts(document["people"][0])
    note(f"entry {given.headers['exchange-entry']}")


def verify_answers(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `redeem --proof` wrote.")],
    *,
    recipient: Annotated[
        str | None, typer.Option("--recipient", help="The id of the organisation that the proof has to be for.")
    ] = None,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Check, offline, which answers the exchange gave for a code, to whom and until when they hold."""
    with reporting_failures():
        try:
            text = path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            fail(f"{path} cannot be read: {error}")
        verified = AnswerProof.verify(text, Trust.load(trust), now=datetime.now(UTC), recipient=recipient)
    print_facts(
        {
            **verified.answers,
            "dataset": verified.dataset,
            "purpose": verified.purpose,
            "for": verified.recipient,
            "given": verified.given.isoformat(),
            "until": verified.until.isoformat(),
        }
    )
