"""Audit: search the ledger by who, what, whose, when and outcome, and write what is found as a table, JSON or CSV."""

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from data_exchange_client.api import Client
from data_exchange_client.commands.names import DatasetName
from data_exchange_client.terminal.documents import read_secret
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import note, print_json, print_table

PATH = "/api/v1/audit/entries"
PAGE = 1000

Time = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"],
        help="A day in local time, or a time with its zone.",
    ),
]

audit = typer.Typer(name="audit", no_args_is_help=True, help="Search the ledger, and have decisions made again.")


@audit.command()
def search(
    *,
    key: KeyFile,
    type_: Annotated[
        str | None, typer.Option("--type", help="What happened: `delivery.refused`, or `delivery.*`.")
    ] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="Its id, or <organisation>/<dataset>.")] = None,
    organisation: Annotated[str | None, typer.Option("--organisation", help="Who acted: a handle or an id.")] = None,
    principal: Annotated[str | None, typer.Option("--principal", help="Who acted: a member or system.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Whose data: the organisation.")] = None,
    consumer: Annotated[
        str | None, typer.Option("--consumer", help="Who received or applied: the organisation.")
    ] = None,
    keyid: Annotated[str | None, typer.Option("--keyid", help="Who acted: the id of the key that signed.")] = None,
    object_kind: Annotated[
        str | None, typer.Option("--object-kind", help="What was acted on: its kind, such as `key`.")
    ] = None,
    object_: Annotated[str | None, typer.Option("--object", help="What was acted on: its id.")] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject", help="A person's pseudonym; `audit person` finds it by the identifier, from standard input."
        ),
    ] = None,
    lane: Annotated[
        str | None, typer.Option("--lane", help="The rule set: government, operation, trade or person.")
    ] = None,
    incarnation: Annotated[
        int | None,
        typer.Option("--incarnation", min=1, help="The incarnation of the ledger; otherwise the present one."),
    ] = None,
    agreement: Annotated[str | None, typer.Option("--agreement", help="The agreement's id.")] = None,
    purpose: Annotated[str | None, typer.Option("--purpose", help="The purpose that was stated.")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="allowed or refused.")] = None,
    problem: Annotated[str | None, typer.Option("--problem", help="Refused with this problem type.")] = None,
    since: Time = None,
    until: Time = None,
    newest: Annotated[bool, typer.Option("--newest", help="Newest first.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="The most entries; otherwise all.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, in UTF-8.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the entries as JSON.")] = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List entries of the ledger that match every option. Each search is an entry of its own."""
    params = {
        "type": f"{type_}*" if type_ and type_.endswith(".") else type_,
        "dataset": dataset,
        "organisation": organisation,
        "principal": principal,
        "owner": owner,
        "consumer": consumer,
        "key": keyid,
        "object_kind": object_kind,
        "object": object_,
        "subject": subject,
        "lane": lane,
        "incarnation": incarnation,
        "agreement": agreement,
        "purpose": purpose,
        "outcome": outcome,
        "problem": problem,
        "since": since and _time(since),
        "until": until and _time(until),
        "order": "newest" if newest else "oldest",
    }
    with connect(url, key, trust) as client:
        filters = {name: value for name, value in params.items() if value is not None}
        if as_csv:
            _write_csv(client, filters, limit)
            return
        entries = _search(client, filters, limit)
        if as_json:
            print_json(list(entries))
        else:
            columns = {"entry": "index", "at": "at", "type": "type", "who": "principal", "object": "object"}
            rows = [row_of(entry) for entry in entries]
            print_table(columns | {"purpose": "purpose", "refused with": "problem"}, rows)
            note(f"{len(rows)} entries")


@audit.command()
def replay(
    index: Annotated[int, typer.Argument(min=0, help="The ledger index of a delivery or of its refusal.")],
    *,
    key: KeyFile,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Have the decision of an entry made again, and print whether it comes out as recorded."""
    with connect(url, key, trust) as client:
        print_json(client.request("GET", f"{PATH}/{index}/replay").json())


@audit.command()
def person(
    dataset: DatasetName,
    *,
    key: KeyFile,
    field: Annotated[
        str | None, typer.Option("--field", help="The field that identifies people, if the dataset has several.")
    ] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Report who received a person's data. It reads the identifier from standard input, so no shell history has it."""
    value = read_secret("The person's identifier")
    question = {"dataset": dataset, "field": field, "value": value}
    with connect(url, key, trust) as client:
        report = client.request("POST", "/api/v1/audit/people", json=question).json()
    if as_json:
        print_json(report)
        return
    columns = {"who": "who", "purpose": "purpose", "deliveries": "deliveries", "first": "first", "last": "last"}
    for title, recipients in (
        ("Deliveries whose request named the person:", report["named"]),
        ("Other deliveries of the dataset, among whose rows the person may be:", report["possible"]),
    ):
        typer.echo(title)
        rows = [{**row, "who": row["handle"] or row["organisation"]} for row in recipients]
        print_table(columns | {"entries": "entries"}, rows)
    if not report["is_complete"]:
        note("only the newest deliveries were read; search with --since and --until for the others")


def row_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as a row of the table, with names where the search gave them.

    Of a member or system of another organisation, only the organisation may have a name.
    """
    body = entry["body"]
    actor, target, names = body.get("actor", {}), body.get("object") or {}, entry.get("names", {})
    who, named = names.get(actor.get("organisation")), names.get(target.get("id"), target.get("id"))
    return {
        **{name: body.get(name) for name in ("at", "type", "purpose", "problem")},
        "index": entry["index"],
        "principal": names.get(actor.get("principal")) or who or actor.get("principal") or actor.get("key"),
        "object": " ".join(
            str(part) for part in (target.get("kind"), named, target.get("version")) if part is not None
        ),
    }


def _search(client: Client, params: Mapping[str, Any], limit: int | None) -> Iterator[dict[str, Any]]:
    start: dict[str, Any] = {}
    left = sys.maxsize if limit is None else limit
    while left > 0:
        answer = client.request("GET", PATH, params={**params, **start, "limit": min(PAGE, left)})
        page = answer.json()
        note(f"this search is entry {answer.entry}; the salt of its filter is {page['salt']}")
        names = page.get("names", {})
        yield from ({**entry, "names": _names_in(entry["body"], names)} for entry in page["entries"])
        left -= len(page["entries"])
        if page["next"] is None:
            return
        start = {"start": page["next"]}


def _names_in(body: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """The names of the ids in an entry."""
    parts = [body, body.get("actor"), body.get("object")]
    values = [value for part in parts if isinstance(part, Mapping) for value in part.values()]
    return {value: names[value] for value in values if isinstance(value, str) and value in names}


def _write_csv(client: Client, params: Mapping[str, Any], limit: int | None) -> None:
    """Print the exchange's tables of entries, with one head."""
    start: dict[str, str] = {}
    head, left = True, sys.maxsize if limit is None else limit
    while left > 0:
        answer = client.request("GET", f"{PATH}.csv", params={**params, **start, "limit": min(PAGE, left)})
        lines = answer.content.decode().splitlines(keepends=True)
        sys.stdout.writelines(lines if head else lines[1:])
        head, left = False, left - len(lines) + 1
        if "exchange-next" not in answer.headers:
            return
        start = {"start": answer.headers["exchange-next"]}


def _time(moment: datetime) -> str:
    return (moment if moment.tzinfo else moment.astimezone()).isoformat()
