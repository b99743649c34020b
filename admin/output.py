"""The output of the operator's commands: what was done in a few lines, and what to do next."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from admin.data_directory import DataDirectory
from admin.database import DatabaseState
from admin.founding import Founded
from admin.joining import PEOPLE, Joined
from admin.terminal import console

_DIM = "dim"
_BOLD = "bold"
_OF_THE_DATABASE = (
    *("revision", "is_current", "origin", "entries", "uncovered_since", "checkpoint_at", "halted"),
    *("jobs", "calendar_days_left"),
)


def facts(rows: list[tuple[str, str]]) -> Table:
    """Names and values, one below the other."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style=_DIM)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(f"  {name}", value)
    return table


def show_founded(directory: DataDirectory, founded: Founded) -> None:
    """Print a new exchange's keys."""
    out = console()
    out.print(f"The exchange is founded in {directory.path}.", style=_BOLD)
    out.print(facts([("ledger", founded.origin), ("verifier key", founded.vkey)]))
    out.print("Three administrators with three keys; each belongs to another person, and none is ever sent anywhere:")
    out.print(facts([(name, str(path)) for name, path in founded.keys.items()]))
    out.print("Publish the verifier key where auditors find it without asking you. Then: exchange serve")


def show_serving(directory: DataDirectory, url: str, *, workers: int) -> None:
    """Print the address of a server that is about to start. It answers some seconds later."""
    out = console()
    show_directory(directory)
    processes = "one process" if workers == 1 else f"{workers} processes"
    out.print(
        f"Starting {url} with {processes}; its API will be described at {url}/docs. Ctrl-C ends it.", soft_wrap=True
    )


def show_joined(directory: DataDirectory, joined: Joined) -> None:
    """Print an organisation that has joined, and its keys."""
    organisation = joined.organisation
    handle = organisation["handle"]
    out = console()
    out.print(f"{organisation['name_zh']} ({organisation['name_en']}) is {organisation['state']}.", style=_BOLD)
    rows = [
        ("id", organisation["id"]),
        *(
            (f"{person.handle}'s key", str(directory.key_file(f"{handle}{person.suffix}")))
            for person in PEOPLE[len(joined.members)]
        ),
        ("system's key", str(directory.key_file(f"{handle}-system"))),
    ]
    if joined.entry is not None:
        rows.append(("ledger entry", str(joined.entry)))
    out.print(facts(rows))


def show_directory(directory: DataDirectory) -> None:
    """Print which exchange the command acts on, where the person did not name it."""
    if directory.origin:
        console().print(f"In {directory.path} ({directory.origin}).", style=_DIM, soft_wrap=True)


def health_document(
    directory: DataDirectory, url: str | None, state: DatabaseState, *, is_well: bool, alarms: Sequence[str] = ()
) -> dict[str, Any]:
    """The state of an exchange as a document: what `show_health` prints, by names that stay. Times are RFC 3339."""
    return {
        "healthy": is_well,
        "data": str(directory.path),
        "url": url,
        "revision": state.revision,
        "is_current": state.is_current,
        "origin": state.origin,
        "entries": state.entries,
        "uncovered_since": state.uncovered_since.isoformat() if state.uncovered_since else None,
        "checkpoint_at": state.checkpoint_at.isoformat() if state.checkpoint_at else None,
        "halted": state.not_continued,
        "alarms": list(alarms),
        "jobs": dict(state.jobs),
        "calendar_days_left": state.calendar_days_left,
        "database_error": None,
    }


def no_database_document(directory: DataDirectory, url: str | None, error: Exception) -> dict[str, Any]:
    """The document of `health_document` where the database is away: what it would tell is null."""
    document = health_document(directory, url, DatabaseState(revision=None), is_well=False)
    unknown = dict.fromkeys(_OF_THE_DATABASE)
    return document | unknown | {"database_error": str(error) or type(error).__name__}


def show_health(directory: DataDirectory, url: str | None, state: DatabaseState, *, alarms: Sequence[str] = ()) -> None:
    """Print the state of an exchange; `url` is where it is served, `alarms` are its server's."""
    revision = state.revision or "empty"
    rows = [
        ("data", str(directory.path)),
        ("server", f"answers at {url}" if url else "does not run"),
        ("database", f"revision {revision}" + ("" if state.is_current else ": run `exchange database upgrade`")),
        ("ledger", f"{state.origin}, {state.entries} entries" if state.origin else "not begun"),
    ]
    if state.origin:
        since = state.uncovered_since
        covered = "covers every entry" if since is None else f"covers no entry since {since:%Y-%m-%d %H:%M:%S %Z}"
        newest = f"; the newest is of {state.checkpoint_at:%Y-%m-%d %H:%M:%S %Z}" if state.checkpoint_at else ""
        rows.append(("checkpoint", covered + newest))
        waiting, failed = state.jobs.get("waiting", 0), state.jobs.get("failed", 0)
        held = f", {failed} FAILED AND HELD: exchange jobs list" if failed else ""
        rows.append(("jobs", f"{waiting} waiting{held}"))
        following = ": load the next year when its notice appears" if state.calendar_is_short else ""
        rows.append(("calendar", f"{state.calendar_days_left} working days left{following}"))
    for line in alarms:
        kind, _, text = line.partition(": ")
        rows.append((kind, text))
    if state.not_continued:
        rows.append(("", f"NOTHING IS SIGNED OR TAKEN IN: {state.not_continued}"))
    console().print(facts(rows))


def show_ended(directory: DataDirectory, *, is_started: bool) -> None:
    """Print how to serve an exchange whose server was started for one command; `is_started` says that it was."""
    if is_started:
        option = "" if directory.path.name == "exchange-data" else f" --data {directory.path}"
        console().print(
            f"No server was running, so one was started for this and has ended. To serve it: exchange serve{option}"
        )
