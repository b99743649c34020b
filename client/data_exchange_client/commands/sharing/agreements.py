"""Agreements: what was granted, and its suspension, resumption and termination."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client.commands.names import add_names
from data_exchange_client.commands.sharing import applications
from data_exchange_client.consents import digest_of
from data_exchange_client.terminal.acting import print_rows, read, same, stated
from data_exchange_client.terminal.documents import read_document
from data_exchange_client.terminal.listing import list_all
from data_exchange_client.terminal.options import (
    DEFAULT_TRUST,
    DEFAULT_URL,
    AsJson,
    KeyFile,
    Most,
    TrustFile,
    Until,
    Url,
    connect,
    end_of,
)
from data_exchange_client.terminal.output import print_facts, print_json, print_table, reporting_failures

PATH = "/api/v1/agreements"
_DIGEST = re.compile("[0-9a-f]{64}")
_SHOWN = (
    *("id", "state", "consumer", "provider", "dataset", "dataset_id", "dataset_version", "lane", "purpose"),
    *("not_before", "concluded_at"),
)
_IN_FORCE = ("fields", "masks", "row_filters", "terms_filter", "row_cap", "rate", "not_after")

Id = Annotated[str, typer.Argument(metavar="ID", help="The agreement's id, as `agreements list` prints it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; the other side reads it.")]

agreements = typer.Typer(
    name="agreements", no_args_is_help=True, help="List, show, narrow, suspend, resume and terminate agreements."
)


@agreements.command("list")
def list_agreements(
    *,
    key: KeyFile,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state, such as `active`.")] = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List the agreements that your organisation is a side of, with the fields and the end that are in force."""
    with connect(url, key, trust) as client:
        rows = add_names(client, list_all(client, PATH, limit=limit, state=state))
    in_force = ({**row, **{name: row["in_force"][name] for name in ("fields", "not_after")}} for row in rows)
    columns = same("id state consumer provider dataset lane purpose fields") | {"until": "not_after"}
    print_rows(rows if as_json else in_force, columns, as_json=as_json)


@agreements.command()
def show(
    agreement: Id, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Show what an agreement grants now, and the reasons given when it was changed."""
    with connect(url, key, trust) as client:
        current = client.request("GET", f"{PATH}/{agreement}").json()
        statements = client.request("GET", f"{PATH}/{agreement}/statements").json()
        if as_json:
            print_json({**current, "statements": statements})
            return
        (named,) = add_names(client, [current])
    in_force = current["in_force"]
    facts = {name: named[name] for name in _SHOWN} | {name: in_force.get(name) for name in _IN_FORCE}
    print_facts({name.replace("_", " "): value for name, value in facts.items()})
    if current["narrowings"]:
        typer.echo()
        columns = {"narrowed": "narrowed_at", "without": "without", "masks": "masks", "rows": "row_filter"}
        print_table(
            columns | {"rows at most": "row_cap", "until": "not_after", "reason": "reason"}, current["narrowings"]
        )
    if statements:
        typer.echo()
        print_table({"when": "stated_at", "what": "type", "reason": "reason"}, statements)


@agreements.command()
def activate(
    agreement: Id, *, key: KeyFile, reason: Reason, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Activate an agreement whose data is provided now; it ends the one that it amends."""
    _act(agreement, "activation", {"reason": reason}, key=key, url=url, trust=trust)


@agreements.command()
def suspend(
    agreement: Id,
    *,
    key: KeyFile,
    reason: Reason,
    ground: Annotated[
        str, typer.Option("--ground", help="out_of_scope or third_party begin the demander's time to rectify.")
    ] = "other",
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Suspend an agreement: nothing is delivered under it until it is resumed."""
    _act(agreement, "suspension", {"reason": reason, "ground": ground}, key=key, url=url, trust=trust)


@agreements.command()
def rectify(
    agreement: Id, *, key: KeyFile, reason: Reason, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """State that you rectified the use for which an agreement was suspended."""
    _act(agreement, "rectification", {"reason": reason}, key=key, url=url, trust=trust)


@agreements.command()
def report(
    agreement: Id,
    ground: Annotated[str, typer.Argument(help="out_of_scope or third_party.")],
    *,
    key: KeyFile,
    reason: Reason,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Report that data shared between departments was misused or passed on."""
    _record(agreement, "reports", {"ground": ground, "reason": reason}, key=key, url=url, trust=trust)


@agreements.command()
def dispose(
    agreement: Id,
    *,
    key: KeyFile,
    statement: Annotated[str, typer.Option("--statement", help="How the data was disposed of.")],
    evidence: Annotated[
        str, typer.Option("--evidence", help="The evidence's file, of which only the SHA-256 is sent; or that, in hex.")
    ],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Record that the data of an agreement that ended was disposed of."""
    with reporting_failures():
        digest = evidence if _DIGEST.fullmatch(evidence) else digest_of(Path(evidence))
    _record(agreement, "disposal", {"statement": statement, "evidence": digest}, key=key, url=url, trust=trust)


@agreements.command()
def usage(
    agreement: Id,
    *,
    key: KeyFile,
    scenario: Annotated[str, typer.Option("--scenario", help="使用场景")],
    process: Annotated[str, typer.Option("--process", help="使用过程")],
    effect: Annotated[str, typer.Option("--effect", help="应用成效")],
    storage: Annotated[str, typer.Option("--storage", help="存储情况")],
    destruction: Annotated[str, typer.Option("--destruction", help="销毁情况")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Record the use of shared data."""
    document = {
        "scenario": scenario,
        "process": process,
        "effect": effect,
        "storage": storage,
        "destruction": destruction,
    }
    _record(agreement, "usage", document, key=key, url=url, trust=trust)


@agreements.command()
def reshare(
    agreement: Id,
    recipient: Annotated[str, typer.Argument(help="To whom you would pass the data on.")],
    *,
    key: KeyFile,
    reason: Annotated[str, typer.Option("--reason", help="Why; the exchange keeps it on record.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Ask to pass shared data on. Unless the agreement permits it, this is refused on record (Decree 809, Article 25)."""
    document = {"recipient": recipient, "reason": reason}
    _record(agreement, "resharing", document, key=key, url=url, trust=trust)


@agreements.command()
def records(
    agreement: Id, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """List the reports, re-sharing requests, uses and disposals on record about an agreement."""
    rows = read(f"{PATH}/{agreement}/records", key=key, url=url, trust=trust)
    columns = {"when": "recorded_at", "what": "type", "by": "organisation_id", "document": "document"}
    print_rows(rows, columns, as_json=as_json)


@agreements.command()
def scope(
    agreement: Id,
    *,
    key: KeyFile,
    scope: applications.Scope,
    basis: applications.Basis,
    scenario: applications.Scenario,
    until: applications.LastDay,
    purpose: Annotated[str | None, typer.Option("--purpose", help="Otherwise the agreement's.")] = None,
    field: applications.Fields = None,
    answer: applications.Answers = None,
    method: applications.Method = "api",
    where: applications.Where = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Apply for another scope or purpose of an agreement, which stays as it is until the owner has decided.

    Without --field and --answer, the application is for the fields and answers that the agreement grants now.
    """
    with connect(url, key, trust) as client:
        current = client.request("GET", f"{PATH}/{agreement}").json()
        in_force = current["in_force"]
        is_new = bool(field or answer)
        document = {
            "amends": agreement,
            "dataset": current["dataset_id"],
            "purpose": purpose or current["purpose"],
            "basis": basis,
            "scenario": scenario,
            "scope": scope,
            "method": method,
            "not_after": end_of(until),
            **stated(
                fields=field if is_new else in_force["fields"],
                answers=answer if is_new else in_force.get("answers"),
                row_filter=where,
            ),
        }
        made = client.request("POST", applications.PATH, json=document).json()
        applications.print_application(client, made, as_json=as_json)


@agreements.command()
def resume(
    agreement: Id, *, key: KeyFile, reason: Reason, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Resume a suspended agreement."""
    _act(agreement, "resumption", {"reason": reason}, key=key, url=url, trust=trust)


@agreements.command()
def narrow(
    agreement: Id,
    *,
    key: KeyFile,
    reason: Reason,
    without: Annotated[list[str] | None, typer.Option("--without", help="A field to take away; repeat it.")] = None,
    where: Annotated[str | None, typer.Option("--where", help="Rows that stay, such as \"city = '330100'\".")] = None,
    row_cap: Annotated[int | None, typer.Option("--row-cap", min=1, help="The most rows of one delivery.")] = None,
    until: Until = None,
    narrowing: Annotated[
        Path | None, typer.Option("--narrowing", help="A JSON file with more, such as masks. Options override it.")
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Narrow an agreement at once and for good, as its owner: fewer fields, stricter masks, fewer rows, an earlier end."""
    options = {"without": without, "row_filter": where, "row_cap": row_cap, "not_after": until and end_of(until)}
    document = (read_document(narrowing) if narrowing else {}) | stated(**options)
    _act(agreement, "narrowing", {**document, "reason": reason}, key=key, url=url, trust=trust)


@agreements.command()
def terminate(
    agreement: Id,
    *,
    key: KeyFile,
    reason: Reason,
    consultation: Annotated[
        str | None,
        typer.Option(
            "--consultation", help="Between departments: the consultation, and its filing with the authority."
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Terminate an agreement, for good."""
    document = stated(reason=reason, consultation=consultation)
    _act(agreement, "termination", document, key=key, url=url, trust=trust)


def _act(agreement: str, act: str, document: Any, *, key: Path, url: str, trust: Path) -> None:
    with connect(url, key, trust) as client:
        changed: dict[str, Any] = client.request("POST", f"{PATH}/{agreement}/{act}", json=document).json()
    print_facts({"id": changed["id"], "state": changed["state"]})


def _record(agreement: str, act: str, document: dict[str, str], *, key: Path, url: str, trust: Path) -> None:
    with connect(url, key, trust) as client:
        print_json(client.request("POST", f"{PATH}/{agreement}/{act}", json=document).json())
