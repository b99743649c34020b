"""Keys: make one, show its id, prove to hold it, rotate, list and revoke the registered ones."""

from pathlib import Path
from typing import Annotated

import typer

from data_exchange_client.api import Client
from data_exchange_client.keys import SigningKey
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import note, print_facts, print_json, print_table, reporting_failures

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
    organisation: Annotated[
        str,
        typer.Option("--organisation", help="The handle of your organisation; otherwise that of --key."),
    ] = "",
    principal: Annotated[
        str, typer.Option("--principal", help="The handle of the member or system; otherwise that of --key.")
    ] = "",
    key: Annotated[
        Path | None, typer.Option("--key", envvar="EXCHANGE_KEY", help="Your registered key file, if you have one.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=31, help="How long the proof may be used.")] = 7,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Prove that you hold a key: print what a steward, or the operator, needs to register it. It is no secret."""
    if not (organisation and principal):
        if key is None:
            raise typer.BadParameter(
                "name whose key it becomes, as your steward says: --organisation HANDLE --principal HANDLE",
                param_hint="--organisation, --principal",
            )
        with connect(url, key, trust) as client:
            me = client.request("GET", "/api/v1/me").json()
        organisation = organisation or str(me["organisation"]["handle"])
        principal = principal or str(me["principal"]["handle"])
        note(f"a proof for {organisation}/{principal}, as {key} is registered")
    with reporting_failures():
        proven = SigningKey.load(path)
        seconds = days * _DAY - _MARGIN
        members = proven.registration(exchange=url, organisation=organisation, principal=principal, seconds=seconds)
    print_json(members)


keys = typer.Typer(name="keys", no_args_is_help=True, help="List, rotate and revoke your registered keys.")


@keys.command("list")
def list_keys(
    *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """List your keys, the ended and revoked ones included."""
    with connect(url, key, trust) as client:
        rows = client.request("GET", _path(client)).json()
    if as_json:
        print_json(rows)
        return
    print_table({"key": "id", "state": "state", "from": "not_before", "until": "not_after"}, rows)


@keys.command()
def rotate(
    new: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the new private key.")],
    *,
    key: KeyFile,
    overlap: Annotated[
        int, typer.Option("--overlap", min=0, max=30 * _DAY, help="Seconds for which the old key stays valid.")
    ] = _DAY,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Replace your key by a new one. A file of a run that was interrupted is taken up again."""
    with connect(url, key, trust) as client:
        fresh = SigningKey.load(new) if new.exists() else SigningKey.generate()
        if not new.exists():
            fresh.save(new)
        me = client.request("GET", "/api/v1/me").json()
        members = fresh.registration(
            exchange=url, organisation=me["organisation"]["handle"], principal=me["principal"]["handle"]
        )
        document = {**members, "supersedes": me["key"], "overlap_seconds": overlap}
        registered = client.request("POST", f"/api/v1/principals/{me['principal']['id']}/keys", json=document).json()
    print_facts({"new key": registered["id"], "state": registered["state"], "valid from": registered["not_before"]})
    note(f"use --key {new} from now on; the old key ends in {overlap} seconds")


@keys.command()
def revoke(
    keyid: Annotated[str, typer.Argument(metavar="KEY", help="The key's id, as `keys list` prints it.")],
    *,
    key: KeyFile,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Revoke one of your keys at once and for good, such as one that was stolen."""
    with connect(url, key, trust) as client:
        revoked = client.request("POST", f"{_path(client)}/{keyid}/revocation").json()
    print_facts({"key": revoked["id"], "state": revoked["state"]})


def _path(client: Client) -> str:
    return f"/api/v1/principals/{client.request('GET', '/api/v1/me').json()['principal']['id']}/keys"
