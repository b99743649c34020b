"""Requests of people to the organisation that has their data: list, open and answer them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client.terminal.acting import act, print_row, print_rows, rows_of, same, stated
from data_exchange_client.terminal.documents import read_document
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, Most, TrustFile, Url
from data_exchange_client.terminal.output import print_facts

PATH = "/api/v1/person-requests"
Request = Annotated[str, typer.Argument(metavar="REQUEST", help="Its id; `person-requests list` prints it.")]
Reasons = Annotated[str, typer.Option("--reasons", help="The reasons; the person reads them.")]

requests = typer.Typer(
    name="person-requests", no_args_is_help=True, help="Answer what people ask for about their data (PIPL 44 to 48)."
)


@requests.command("list")
def list_requests(
    *,
    key: KeyFile,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state, such as `received`.")] = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List the requests to your organisation with their last days. They name nobody; `read` opens one."""
    rows = rows_of(PATH, key=key, url=url, trust=trust, limit=limit, params={"state": state})
    print_rows(rows, same("id kind state dataset received_at due"), as_json=as_json)


@requests.command()
def read(
    request: Request, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Open a request: who it is about, and what they want. The reading is on the ledger."""
    row = act(f"{PATH}/{request}/reading", key=key, url=url, trust=trust)
    print_row(row, _show, as_json=as_json)


@requests.command()
def grant(
    request: Request,
    *,
    key: KeyFile,
    statement: Annotated[str | None, typer.Option("--statement", help="What was done; the person reads it.")] = None,
    document: Annotated[
        Path | None, typer.Option("--document", help="A JSON file with the data, for access, copy and portability.")
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Grant a request, with the data or a statement of what was done."""
    answer = stated(statement=statement, document=read_document(document) if document else None)
    _show(act(f"{PATH}/{request}/grant", answer, key=key, url=url, trust=trust))


@requests.command()
def refuse(
    request: Request,
    *,
    key: KeyFile,
    reasons: Reasons,
    complaint: Annotated[str, typer.Option("--complaint", help="Where the person can complain (PIPL 50).")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Refuse a request, with reasons and where the person can complain."""
    document = {"reasons": reasons, "complaint": complaint}
    _show(act(f"{PATH}/{request}/refusal", document, key=key, url=url, trust=trust))


@requests.command()
def restrict(
    request: Request,
    *,
    key: KeyFile,
    reasons: Reasons,
    law: Annotated[str | None, typer.Option("--law", help="The law that demands the data (PIPL 47).")] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Store the data and do nothing else with it, where a law forbids its deletion."""
    document = stated(reasons=reasons, law=law)
    _show(act(f"{PATH}/{request}/restriction", document, key=key, url=url, trust=trust))


def _show(row: dict[str, Any]) -> None:
    facts = {name: row.get(name) for name in ("id", "kind", "state", "dataset", "text", "due", "answered_at")}
    print_facts(facts | (row.get("person") or {}) | (row.get("answer") or {}))
