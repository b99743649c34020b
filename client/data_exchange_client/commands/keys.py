"""Keys: make one, show its id."""

from pathlib import Path
from typing import Annotated

import typer

from data_exchange_client.commands.output import print_json, reporting_failures
from data_exchange_client.keys import SigningKey


def keygen(path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the new private key.")]) -> None:
    """Make a signing key. Give the printed public key to your organisation's steward, and the file to nobody."""
    with reporting_failures():
        key = SigningKey.generate()
        key.save(path)
    print_json({"keyid": key.keyid, "algorithm": "ed25519", "public_key": key.public_text})


def keyid(path: Annotated[Path, typer.Argument(metavar="FILE", help="A private key file.")]) -> None:
    """Print the id and the public half of a key."""
    with reporting_failures():
        key = SigningKey.load(path)
    print_json({"keyid": key.keyid, "algorithm": "ed25519", "public_key": key.public_text})
