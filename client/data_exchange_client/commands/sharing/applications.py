"""Applications for data: a consumer applies, an owner decides."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client.api import Client
from data_exchange_client.commands.names import DatasetName, add_names
from data_exchange_client.terminal.acting import print_rows, same, stated
from data_exchange_client.terminal.documents import read_document
from data_exchange_client.terminal.listing import list_all
from data_exchange_client.terminal.options import (
    DEFAULT_TRUST,
    DEFAULT_URL,
    LAST_DAY_ENDS,
    AsJson,
    KeyFile,
    Most,
    TrustFile,
    Until,
    Url,
    connect,
    end_of,
)
from data_exchange_client.terminal.output import note, print_facts, print_json

PATH = "/api/v1/applications"

Id = Annotated[str, typer.Argument(metavar="ID", help="The application's id, as `applications list` prints it.")]

applications = typer.Typer(name="applications", no_args_is_help=True, help="List, show and decide applications.")


Fields = Annotated[list[str] | None, typer.Option("--field", help="A field to apply for; repeat it.")]
Answers = Annotated[
    list[str] | None, typer.Option("--answer", help="An answer about a person to apply for, by name; repeat it.")
]
Basis = Annotated[str, typer.Option("--basis", help="使用依据: the law or duty that the use rests on.")]
Scenario = Annotated[str, typer.Option("--scenario", help="使用场景: what is done with the data.")]
Scope = Annotated[str, typer.Option("--scope", help="使用范围: whose data, and how much of it.")]
LastDay = Annotated[
    datetime,
    typer.Option("--until", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"], help=f"使用时限: the last day{LAST_DAY_ENDS}"),
]
Method = Annotated[str, typer.Option("--method", help="共享方式: api, batch or file.")]
Where = Annotated[
    str | None, typer.Option("--where", help="Rows to apply for, such as \"city = '330100'\"; otherwise all.")
]


def apply(
    dataset: DatasetName,
    *,
    key: KeyFile,
    purpose: Annotated[str, typer.Option("--purpose", help="What the data is for: a purpose of the dataset's terms.")],
    field: Fields = None,
    answer: Answers = None,
    basis: Basis,
    scenario: Scenario,
    scope: Scope,
    until: LastDay,
    method: Method = "api",
    where: Where = None,
    return_flow: Annotated[
        bool,
        typer.Option(
            "--return-flow",
            help="数据回流: your department asks a higher level for data that was collected in its own region.",
        ),
    ] = False,
    amends: Annotated[
        str | None,
        typer.Option("--amends", metavar="AGREEMENT", help="The agreement whose scope or purpose this asks to change."),
    ] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Apply for fields of a dataset, for a purpose, until a day."""
    application = {
        "dataset": dataset,
        "fields": field or [],
        "purpose": purpose,
        "basis": basis,
        "scenario": scenario,
        "scope": scope,
        "method": method,
        "not_after": end_of(until),
        **stated(answers=answer, row_filter=where, return_flow=return_flow, amends=amends),
    }
    with connect(url, key, trust) as client:
        print_application(client, client.request("POST", PATH, json=application).json(), as_json=as_json)


@applications.command("list")
def list_applications(
    *,
    key: KeyFile,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state, such as `submitted`.")] = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List the applications that your organisation made, or has to decide."""
    with connect(url, key, trust) as client:
        rows = add_names(client, list_all(client, PATH, limit=limit, state=state))
    columns = same("id state consumer dataset lane purpose fields")
    print_rows(rows, columns | {"until": "not_after", "submitted": "submitted_at"}, as_json=as_json)


@applications.command()
def show(
    application: Id, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Show an application."""
    with connect(url, key, trust) as client:
        print_application(client, client.request("GET", f"{PATH}/{application}").json(), as_json=as_json)


@applications.command()
def consent(application: Id, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Consent to your department's draft, as its approver: it is submitted, and the time of the reply begins."""
    _act(application, "consent", None, key=key, url=url, trust=trust)


@applications.command("consent-to-extension")
def consent_to_extension(
    application: Id,
    *,
    key: KeyFile,
    days: Annotated[int, typer.Option("--days", min=1, help="At most so many working days.")],
    reason: Annotated[str, typer.Option("--reason", help="Why the reply may take longer.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Consent, as the sharing authority, to a longer time of a reply that is not due yet."""
    _act(application, "extension-consent", {"days": days, "reason": reason}, key=key, url=url, trust=trust)


@applications.command()
def extend(
    application: Id,
    *,
    key: KeyFile,
    days: Annotated[int, typer.Option("--days", min=1, help="Working days.")],
    reason: Annotated[str, typer.Option("--reason", help="Why the reply takes longer; the applicant reads it.")],
    authority_consent: Annotated[
        str, typer.Option("--consent", help="The id of the authority's consent, as `applications show` prints it.")
    ],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Extend your reply to an application, with the sharing authority's consent."""
    document = {"days": days, "reason": reason, "consent": authority_consent}
    _act(application, "extension", document, key=key, url=url, trust=trust)


@applications.command()
def approve(
    application: Id,
    *,
    key: KeyFile,
    field: Annotated[
        list[str] | None, typer.Option("--field", help="A field to grant; repeat it. Otherwise those applied for.")
    ] = None,
    until: Until = None,
    row_cap: Annotated[int | None, typer.Option("--row-cap", min=1, help="The most rows of one delivery.")] = None,
    where: Annotated[str | None, typer.Option("--where", help="Rows to grant; otherwise those applied for.")] = None,
    later: Annotated[
        bool,
        typer.Option("--later", help="Between departments: the data is provided later; then `agreements activate`."),
    ] = False,
    grant: Annotated[
        Path | None,
        typer.Option(
            "--grant", help="A JSON file with the whole grant: masks and assessments too. Options override it."
        ),
    ] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Grant an application, as applied for or narrower: it becomes an agreement."""
    options: dict[str, Any] = {
        "fields": field,
        "row_cap": row_cap,
        "row_filter": where,
        "not_after": until and end_of(until),
    }
    options["provision"] = "later" if later else None
    approval = (read_document(grant) if grant else {}) | stated(**options)
    with connect(url, key, trust) as client:
        approved = client.request("POST", f"{PATH}/{application}/approval", json=approval).json()
        if as_json:
            print_json(approved)
            return
        print_application(client, approved["application"], as_json=False)
    note(f"agreed: `exchange-client agreements show {approved['agreement']['id']}`")


@applications.command()
def refuse(
    application: Id,
    *,
    key: KeyFile,
    reason: Annotated[str, typer.Option("--reason", help="Why; the applicant reads it.")],
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="The materials are incomplete; a supplement was requested before.")
    ] = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Refuse an application."""
    document = stated(reason=reason, incomplete_materials=incomplete)
    _act(application, "refusal", document, key=key, url=url, trust=trust)


@applications.command("request-supplement")
def request_supplement(
    application: Id,
    *,
    key: KeyFile,
    missing: Annotated[str, typer.Option("--missing", help="Everything that is missing, at once.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Ask the applicant for what is missing. This is possible once."""
    _act(application, "supplement-request", {"missing": missing}, key=key, url=url, trust=trust)


@applications.command()
def supplement(
    application: Id,
    *,
    key: KeyFile,
    supplement: Annotated[str, typer.Option("--text", help="What was missing.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Supply what the owner asked for."""
    _act(application, "supplement", {"supplement": supplement}, key=key, url=url, trust=trust)


@applications.command()
def withdraw(application: Id, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Take your application back."""
    _act(application, "withdrawal", None, key=key, url=url, trust=trust)


def _act(application: str, act: str, document: Any, *, key: Path, url: str, trust: Path) -> None:
    with connect(url, key, trust) as client:
        print_application(
            client, client.request("POST", f"{PATH}/{application}/{act}", json=document).json(), as_json=False
        )


def print_application(client: Client, application: dict[str, Any], *, as_json: bool) -> None:
    """Print an application with the names of its dataset and its sides, and its last days."""
    if as_json:
        print_json(application)
        return
    (named,) = add_names(client, [application])
    deadlines = {f"{item['clock']} due": _due(item) for item in application.get("deadlines", ())}
    print_facts({title: named.get(name) for title, name in _named(_SHOWN)} | deadlines)


def _due(deadline: dict[str, Any]) -> str:
    day = deadline["due"] or "not known yet: the calendar of that year is not loaded"
    ended = f", {deadline['outcome']} on {deadline['ended_at'][:10]}" if deadline["ended_at"] else ""
    return f"{day}{', overdue' if deadline['overdue_at'] else ''}{ended} ({deadline['article']})"


_SHOWN = (
    "id state consumer provider dataset dataset_id lane purpose fields answers basis scenario scope method row_filter "
    "not_after attribute is_return_flow amends supplement_wanted supplement_due supplement extension_consent "
    "extension_consent_reason extension_days extension_reason extended_at reasons agreement_id submitted_at decided_at"
)


def _named(names: str) -> Iterable[tuple[str, str]]:
    return ((name.replace("_", " "), name) for name in names.split())
