"""The commands `ledger witness …`, for the operator of a witness."""

import asyncio
import logging
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from groundwork import durable
from ledger.format import note
from ledger.format.cosignature import CosignerKey, parse_key
from ledger.witness import keys, state
from ledger.witness.server import Server
from ledger.witness.service import Witness

KEYS = "witness.keys"
DATABASE = "witness.db"

app = typer.Typer(
    help="Run a witness, which cosigns the checkpoints of logs (C2SP tlog-witness).",
    no_args_is_help=True,
)
Directory = Annotated[Path, typer.Argument(help="The witness's directory, with its keys and its database.")]


@app.command("init")
def init_command(
    directory: Directory,
    name: Annotated[str, typer.Option(help="The witness's name, such as witness.example.org/w1.")],
    is_ed25519_only: Annotated[
        bool, typer.Option("--ed25519-only", help="Make no ML-DSA-44 key, for logs whose readers only know Ed25519.")
    ] = False,
) -> None:
    """Create a witness's directory and keys, and print its verifier keys. A trust policy names one of them."""
    try:
        durable.make_directory(directory)
        new_keys = keys.make(directory / KEYS, name=name, is_ed25519_only=is_ed25519_only)
    except (OSError, keys.KeyFileUnusable, note.MalformedKey) as error:
        _fail(str(error))
    for key in new_keys:
        typer.echo(key.cosigner.vkey)


@app.command("trust")
def trust_command(
    directory: Directory,
    vkey: Annotated[str, typer.Argument(help="The log's verifier key.")],
    origin: Annotated[str | None, typer.Option(help="The log's origin, if it is not the key's name.")] = None,
) -> None:
    """Trust a log from now on. Repeat it for a log with several keys."""
    try:
        key = parse_key(vkey.strip())
    except note.MalformedKey as error:
        raise typer.BadParameter(str(error), param_hint="VKEY") from None
    if origin is not None and not note.is_name(origin):
        raise typer.BadParameter("not an origin", param_hint="--origin")
    _read_keys(directory)
    with state.open_state(directory / DATABASE) as opened:
        opened.trust(origin or key.name, key)


@app.command("show")
def show_command(directory: Directory) -> None:
    """Print the witness's verifier keys, and each log with its newest cosigned size and root."""
    for key in _read_keys(directory):
        typer.echo(key.cosigner.vkey)
    with state.open_state(directory / DATABASE) as opened:
        for origin, newest in opened.all():
            typer.echo(f"{origin} {newest.size} {note.encode_base64(newest.root)}")


@app.command("serve")
def serve_command(
    directory: Directory,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 for any.")] = 7380,
) -> None:
    """Serve the witness until SIGINT or SIGTERM."""
    private_keys = _read_keys(directory)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    server = Server(lambda: Witness(state.State(directory / DATABASE), private_keys))
    try:
        asyncio.run(server.run(host, port, on_ready=lambda bound: typer.echo(f"witness at http://{host}:{bound}")))
    except OSError as error:
        _fail(f"{host}:{port}: {error.strerror}")


def _read_keys(directory: Path) -> list[CosignerKey]:
    try:
        return keys.read(directory / KEYS)
    except keys.KeyFileUnusable as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
