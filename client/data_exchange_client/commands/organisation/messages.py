"""Messages of the exchange to one's organisation: list them, mark them as read."""

from typing import Annotated

import typer

from data_exchange_client.terminal.acting import act, print_rows, rows_of
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, AsJson, KeyFile, Most, TrustFile, Url

PATH = "/api/v1/messages"
messages = typer.Typer(name="messages", no_args_is_help=True, help="Read what the exchange told your organisation.")


@messages.command("list")
def list_messages(
    *,
    key: KeyFile,
    unread: Annotated[bool, typer.Option("--unread", help="Only those that nobody marked as read.")] = False,
    limit: Most = 1000,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """List the messages to your organisation, the oldest first."""
    params = {"unread": "true" if unread else None}
    rows = rows_of(PATH, key=key, url=url, trust=trust, limit=limit, params=params)
    columns = {"id": "id", "sent": "created_at", "message": "title", "day": "day", "about": "about", "read": "read_at"}
    print_rows(rows if as_json else map(_with_matter, rows), columns, as_json=as_json)


@messages.command()
def read(
    message: Annotated[list[str], typer.Argument(metavar="MESSAGE...", help="Ids; `messages list` prints them.")],
    *,
    key: KeyFile,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
) -> None:
    """Mark messages as read, for your whole organisation."""
    for identifier in message:
        done = act(f"{PATH}/{identifier}/reading", key=key, url=url, trust=trust)
        typer.echo(f"Read: {done['title']} ({done['id']})")


def _with_matter(row: dict[str, object]) -> dict[str, object]:
    matter = row["matter"]
    return row | {"about": f"{matter['kind']} {matter['id']}" if isinstance(matter, dict) and matter else None}
