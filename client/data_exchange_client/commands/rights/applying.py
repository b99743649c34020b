"""The applicant's and holder's commands: check, draft, confirm and file applications, and apply about a record."""

from pathlib import Path
from typing import Annotated, Any

import typer

from data_exchange_client.terminal.acting import act, print_rows, read, rows_of, same, stated
from data_exchange_client.terminal.documents import read_document
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, Most, TrustFile, Url
from data_exchange_client.terminal.output import print_json, print_table

PATH = "/api/v1/rights"
APPLICATIONS = f"{PATH}/applications"
RECORDS = f"{PATH}/records"
Application = Annotated[str, typer.Argument(metavar="APPLICATION", help="Its id; `rights list` prints it.")]
Record = Annotated[str, typer.Argument(metavar="RECORD", help="The record's id; `rights records` prints it.")]
Form = Annotated[
    Path, typer.Argument(metavar="FILE", help="JSON with `dataset`, `form` and `contact`, as docs/rights.md has it.")
]
Statement = Annotated[str, typer.Option("--statement", help="What you state; the parties read it.")]
Proofs = Annotated[
    Path, typer.Option("--evidence", help="JSON with `evidence`: a list of documents, each with title and SHA-256.")
]


def check(
    form: Form, *, key: KeyFile, as_json: AsJson = False, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Print every fault of a form, in English and Chinese; exit status 1 where it has one."""
    document = read_document(form)
    document.pop("contact", None)
    answer = act(f"{PATH}/checks", document, key=key, url=url, trust=trust)
    if as_json:
        print_json(answer)
    else:
        print_table({"at": "at", "what to do": "error", "说明": "error_zh", "article": "article"}, answer["faults"])
    raise typer.Exit(1 if answer["faults"] else 0)


def apply(form: Form, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Draft an application for a first registration; `rights file` files it."""
    print_json(act(APPLICATIONS, read_document(form), key=key, url=url, trust=trust))


def replace_form(
    application: Application, form: Form, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Replace the form of a draft, or of a returned application."""
    document = read_document(form)
    document.pop("dataset", None)
    print_json(act(f"{APPLICATIONS}/{application}/form", document, key=key, url=url, trust=trust, method="PUT"))


def confirm(
    application: Application,
    *,
    key: KeyFile,
    digest: Annotated[
        str | None, typer.Option("--digest", help="The form's `form_digest` that you read; by default the present one.")
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Confirm the form of an application as a further holder, or as the transferee."""
    query = f"?form={digest}" if digest is not None else ""
    print_json(act(f"{APPLICATIONS}/{application}/confirmation{query}", key=key, url=url, trust=trust))


def file_application(
    application: Application, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """File a draft."""
    print_json(act(f"{APPLICATIONS}/{application}/filing", key=key, url=url, trust=trust))


def supplement(
    application: Application, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """File a returned application again, once its form is complete."""
    print_json(act(f"{APPLICATIONS}/{application}/supplement", key=key, url=url, trust=trust))


def withdraw(
    application: Application,
    *,
    key: KeyFile,
    statement: Statement,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Discard a draft, or withdraw an application that goes on."""
    path = f"{APPLICATIONS}/{application}/withdrawal"
    print_json(act(path, {"statement": statement}, key=key, url=url, trust=trust))


def list_applications(
    *,
    key: KeyFile,
    state: Annotated[str | None, typer.Option("--state", help="Only those in this state, such as `filed`.")] = None,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List your organisation's applications, and those that it is a party to; for registrars, all that were filed."""
    rows = rows_of(APPLICATIONS, key=key, url=url, trust=trust, limit=limit, params={"state": state})
    print_rows(rows, same("id kind state dataset filed_at"), as_json=as_json)


def show(application: Application, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Show an application: its form, clocks, statements, objections, and what can happen next."""
    print_json(read(f"{APPLICATIONS}/{application}", key=key, url=url, trust=trust))


def records(
    *,
    key: KeyFile,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List your organisation's records; for registrars, all."""
    rows = rows_of(RECORDS, key=key, url=url, trust=trust, limit=limit)
    print_rows(rows, same("id code state holder valid_until renewal_from"), as_json=as_json)


def renew(
    record: Record,
    *,
    key: KeyFile,
    statement: Statement,
    until: Annotated[
        str | None, typer.Option("--until", metavar="YYYY-MM-DD", help="By default the longest term.")
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Draft an application to renew a record; `rights file` files it."""
    document = stated(valid_until=until, statement=statement)
    print_json(act(f"{RECORDS}/{record}/renewals", document, key=key, url=url, trust=trust))


def transfer(
    record: Record,
    transferee: Annotated[str, typer.Argument(metavar="CODE", help="The transferee's unified social credit code.")],
    *,
    key: KeyFile,
    right: Annotated[list[str], typer.Option("--right", help="HOLD, USE or OPERATE; repeatable.")],
    contract: Annotated[Path, typer.Option("--contract", help="JSON with the contract's `title` and `digest`.")],
    statement: Statement,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Draft a joint application to transfer rights; the transferee confirms it before it is filed."""
    document: dict[str, Any] = {
        "transferee": transferee,
        "rights": right,
        "contract": read_document(contract),
        "statement": statement,
    }
    print_json(act(f"{RECORDS}/{record}/transfers", document, key=key, url=url, trust=trust))


def object_to(
    target: Annotated[
        str, typer.Argument(metavar="APPLICATION|CODE", help="An application in publicity, or a record's code.")
    ],
    *,
    key: KeyFile,
    statement: Statement,
    evidence: Proofs,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Object to an application in publicity or to a record, under your organisation's name and with evidence."""
    document = {"statement": statement, "evidence": read_document(evidence)["evidence"]}
    if target.startswith("QY"):
        print_json(act(f"{PATH}/objections", {"record": target, **document}, key=key, url=url, trust=trust))
    else:
        print_json(act(f"{APPLICATIONS}/{target}/objections", document, key=key, url=url, trust=trust))
