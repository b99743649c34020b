"""Keys: make one, show its id, prove to hold it."""

from pathlib import Path
from typing import Annotated

import typer

from data_exchange_client.commands.options import DEFAULT_URL, Url
from data_exchange_client.commands.output import print_json, reporting_failures
from data_exchange_client.keys import SigningKey

_DAY = 86_400
_MARGIN = 300
"""Seconds by which a proof of 31 days stays within the exchange's limit, whose clock may be behind."""


def keygen(path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the new private key.")]) -> None:
    """Make a signing key. `prove` prints what your organisation's steward registers; give the file to nobody."""
    with reporting_failures():
        key = SigningKey.generate()
        key.save(path)
    print_json({"keyid": key.keyid, "algorithm": "ed25519", "public_key": key.public_text})


def keyid(path: Annotated[Path, typer.Argument(metavar="FILE", help="A private key file.")]) -> None:
    """Print the id and the public half of a key."""
    with reporting_failures():
        key = SigningKey.load(path)
    print_json({"keyid": key.keyid, "algorithm": "ed25519", "public_key": key.public_text})


def prove(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The private key file of the key to register.")],
    *,
    organisation: Annotated[str, typer.Option("--organisation", help="The handle of your organisation.")],
    principal: Annotated[str, typer.Option("--principal", help="The handle of the member or system.")],
    days: Annotated[int, typer.Option("--days", min=1, max=31, help="How long the proof may be used.")] = 7,
    url: Url = DEFAULT_URL,
) -> None:
    """Prove that you hold a key: print what a steward, or the operator, needs to register it. It is no secret."""
    with reporting_failures():
        key = SigningKey.load(path)
        seconds = days * _DAY - _MARGIN
        members = key.registration(exchange=url, organisation=organisation, principal=principal, seconds=seconds)
    print_json(members)
