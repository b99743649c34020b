"""Members and systems of your organisation: enrol them, give and take roles, suspend and reinstate them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client.api import Client
from data_exchange_client.terminal.documents import read_document
from data_exchange_client.terminal.listing import list_all
from data_exchange_client.terminal.options import (
    DEFAULT_TRUST,
    DEFAULT_URL,
    AsJson,
    KeyFile,
    Most,
    TrustFile,
    Url,
    connect,
)
from data_exchange_client.terminal.output import fail, note, print_facts, print_json, print_table

Handle = Annotated[str, typer.Argument(metavar="HANDLE", help="The member's or system's name in your organisation.")]
Role = Annotated[str, typer.Argument(metavar="ROLE", help="Such as steward, approver, consumer or auditor.")]

members = typer.Typer(
    name="members", no_args_is_help=True, help="Enrol members and systems of your organisation, and give them roles."
)


@members.command("list")
def list_members(
    *,
    key: KeyFile,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List the members and systems of your organisation."""
    with connect(url, key, trust) as client:
        rows = list(list_all(client, _principals(client), limit=limit, after="handle"))
    if as_json:
        print_json(rows)
        return
    columns = {"handle": "handle", "kind": "kind", "title": "title", "roles": "roles", "state": "state"}
    print_table(columns | {"enrolled": "enrolled_at"}, rows)


@members.command()
def enrol(
    handle: Handle,
    *,
    key: KeyFile,
    registration: Annotated[
        Path, typer.Option("--registration", help="The file with what `exchange-client prove` printed to them.")
    ],
    title: Annotated[str, typer.Option("--title", help="The name or office of a member, or the title of a system.")],
    system: Annotated[bool, typer.Option("--system", help="Enrol a system instead of a person.")] = False,
    role: Annotated[list[str] | None, typer.Option("--role", help="A role to give; repeat it.")] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Enrol a member or a system. They make their own key with `keygen`, and give you what `prove` prints."""
    document = read_document(registration) | {
        "kind": "system" if system else "member",
        "handle": handle,
        "title": title,
        "roles": role or [],
    }
    with connect(url, key, trust) as client:
        enrolled = client.request("POST", _principals(client), json=document).json()
    print_facts({name: enrolled[name] for name in ("id", "kind", "handle", "title", "state")})


@members.command()
def assign(
    handle: Handle, role: Role, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Give a member or system a role in your organisation. Nobody gives a role to themselves."""
    _change_role(handle, role, "roles", key=key, url=url, trust=trust)


@members.command()
def revoke(
    handle: Handle, role: Role, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Take a role from a member or system."""
    _change_role(handle, role, "roles/revocation", key=key, url=url, trust=trust)


@members.command()
def suspend(handle: Handle, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Suspend a member or system: no request of theirs is admitted until they are reinstated."""
    _change_state(handle, "suspension", key=key, url=url, trust=trust)


@members.command()
def reinstate(handle: Handle, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Reinstate a suspended member or system."""
    _change_state(handle, "reinstatement", key=key, url=url, trust=trust)


def _change_role(handle: str, role: str, act: str, *, key: Path, url: str, trust: Path) -> None:
    with connect(url, key, trust) as client:
        organisation = _organisation(client)
        principal = _principal(client, handle)
        document = {"role": role, "domain": organisation["id"]}
        client.request("POST", f"/api/v1/principals/{principal['id']}/{act}", json=document)
    note("done")


def _change_state(handle: str, act: str, *, key: Path, url: str, trust: Path) -> None:
    with connect(url, key, trust) as client:
        principal = _principal(client, handle)
        changed = client.request("POST", f"/api/v1/principals/{principal['id']}/{act}").json()
    print_facts({"handle": changed["handle"], "state": changed["state"]})


def _organisation(client: Client) -> Mapping[str, Any]:
    organisation: Mapping[str, Any] = client.request("GET", "/api/v1/me").json()["organisation"]
    return organisation


def _principals(client: Client) -> str:
    return f"/api/v1/organisations/{_organisation(client)['id']}/principals"


def _principal(client: Client, handle: str) -> dict[str, Any]:
    principals = list_all(client, _principals(client), limit=100_000, after="handle")
    principal = next((row for row in principals if row["handle"] == handle), None)
    if principal is None:
        fail(f"your organisation has no member or system {handle!r}; `exchange-client members list` shows them")
    return principal
