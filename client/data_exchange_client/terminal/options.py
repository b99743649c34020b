"""Options that commands share, and the client that they describe."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from data_exchange_client.api import Client
from data_exchange_client.keys import SigningKey
from data_exchange_client.terminal.output import note, reporting_failures

Url = Annotated[str, typer.Option("--url", envvar="EXCHANGE_URL", help="The exchange's address.")]
KeyFile = Annotated[Path, typer.Option("--key", envvar="EXCHANGE_KEY", help="Your key file, made by `keygen`.")]
TrustFile = Annotated[
    Path,
    typer.Option("--trust", envvar="EXCHANGE_TRUST", help="The file with the exchange's identity; made on first use."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the exchange's answer as JSON.")]
Most = Annotated[int, typer.Option("--limit", min=1, help="The most to list.")]
Until = Annotated[
    datetime | None, typer.Option("--until", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"], help="The last day.")
]
DEFAULT_URL = "http://localhost:8000"
DEFAULT_TRUST = Path("exchange.trust.json")


@contextmanager
def connect(url: str, key: Path | None, trust: Path) -> Iterator[Client]:
    """Open a client, and print the identity it pins on first contact. Failures end the command with a message."""
    with reporting_failures():
        is_new = not trust.exists()
        with Client(url, SigningKey.load(key) if key else None, trust=trust) as client:
            if is_new:
                note(f"first contact: pinned {client.trust.name} ({client.trust.vkey}) in {trust}")
            yield client


def end_of(day: datetime) -> str:
    """The moment until which something holds, RFC 3339: the end of a day in local time, or the time given with its zone."""
    if day.tzinfo is None:
        day = day.replace(hour=23, minute=59, second=59).astimezone()
    return day.isoformat()
