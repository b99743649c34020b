"""The registrar's commands: what is to do, and each step of a review."""

from typing import Annotated

import typer

from data_exchange_client.commands.rights.applying import APPLICATIONS, Application, Statement
from data_exchange_client.terminal.acting import act, rows_of
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, Most, TrustFile, Url
from data_exchange_client.terminal.output import print_json, print_table

_OPEN = ("filed", "under_review", "in_publicity", "objected", "publicity_waived")


def todo(
    *,
    key: KeyFile,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List the applications that wait for a registrar, those with the nearest last day first."""
    rows = [
        {
            **row,
            "due": min((clock["due"] for clock in row["clocks"] if clock["due"] and not clock["ended_at"]), default=""),
        }
        for state in _OPEN
        for row in rows_of(APPLICATIONS, key=key, url=url, trust=trust, limit=limit, params={"state": state})
    ]
    rows.sort(key=lambda row: (row["due"] or "9999", row["id"]))
    if as_json:
        print_json(rows)
        return
    print_table(
        {"id": "id", "kind": "kind", "state": "state", "due": "due", "publicity until": "publicity_until"}, rows
    )


def accept(application: Application, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Accept an application for review, as a registrar."""
    print_json(act(f"{APPLICATIONS}/{application}/acceptance", key=key, url=url, trust=trust))


def give_back(
    application: Application,
    *,
    key: KeyFile,
    missing: Annotated[
        list[str], typer.Option("--missing", help="What is missing; repeatable. It is listed once only.")
    ],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Return an application with the one full list of what is missing, as a registrar."""
    print_json(act(f"{APPLICATIONS}/{application}/return", {"missing": missing}, key=key, url=url, trust=trust))


def publicise(
    application: Application,
    *,
    key: KeyFile,
    waive: Annotated[
        str | None, typer.Option("--waive", help="Waive the publicity instead, for this just cause.")
    ] = None,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Begin the publicity of an application, as a registrar."""
    path = f"{APPLICATIONS}/{application}/publicity"
    if waive is not None:
        print_json(act(f"{path}-waiver", {"statement": waive}, key=key, url=url, trust=trust))
    else:
        print_json(act(path, key=key, url=url, trust=trust))


def refuse(
    application: Application,
    *,
    key: KeyFile,
    reason: Annotated[
        list[str],
        typer.Option(
            "--reason", help="harm, unlawful_source, unresolved_dispute, concealment or other_law; repeatable."
        ),
    ],
    statement: Statement,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Refuse an application for reasons of Article 22, as a registrar."""
    document = {"reasons": reason, "statement": statement}
    print_json(act(f"{APPLICATIONS}/{application}/refusal", document, key=key, url=url, trust=trust))


def decide(
    application: Application,
    objection: Annotated[str, typer.Argument(metavar="OBJECTION", help="Its id; `rights show` prints it.")],
    *,
    key: KeyFile,
    statement: Statement,
    uphold: Annotated[bool, typer.Option("--uphold/--dismiss", help="Uphold it, which refuses the application.")],
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Decide an objection to an application, as a registrar."""
    path = f"{APPLICATIONS}/{application}/objections/{objection}/{'upholding' if uphold else 'dismissal'}"
    print_json(act(path, {"statement": statement}, key=key, url=url, trust=trust))


def deposit(
    application: Application, *, key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST
) -> None:
    """Deposit an application after its publicity, as a registrar: the registration is complete."""
    print_json(act(f"{APPLICATIONS}/{application}/deposit", key=key, url=url, trust=trust))
