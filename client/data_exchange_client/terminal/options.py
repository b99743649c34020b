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


def _address(url: str) -> str:
    if not url.lower().startswith(("http://", "https://")):
        raise typer.BadParameter(f"an address begins with http:// or https://, such as http://{url}")
    return url


Url = Annotated[str, typer.Option("--url", envvar="EXCHANGE_URL", callback=_address, help="The exchange's address.")]
KeyFile = Annotated[Path, typer.Option("--key", envvar="EXCHANGE_KEY", help="Your key file, made by `keygen`.")]
TrustFile = Annotated[
    Path,
    typer.Option("--trust", envvar="EXCHANGE_TRUST", help="The file with the exchange's identity; made on first use."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the exchange's answer as JSON.")]
Most = Annotated[int, typer.Option("--limit", min=1, help="The most to list.")]
END_OF_DAY = "T23:59:59+08:00"
"""What a day becomes where something holds until then: its end in China's time."""

LAST_DAY_ENDS = ", which ends at 24:00 in China (+08:00); or a time with its zone."
Until = Annotated[
    datetime | None,
    typer.Option("--until", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"], help=f"The last day{LAST_DAY_ENDS}"),
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
    """The moment until which something holds, RFC 3339: the end of a day in China's time, or the time given with its zone."""
    return day.isoformat() if day.tzinfo else f"{day:%Y-%m-%d}{END_OF_DAY}"
