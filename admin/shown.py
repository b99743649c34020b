"""How the operator's commands show what they did: a few lines, and what to do next."""

from rich.table import Table
from rich.text import Text

from admin.commands.publish import Found, Published, Wish
from admin.databases import Standing
from admin.founding import Founded
from admin.joining import Joined
from admin.places import DataDirectory
from admin.proposing import Proposed, words_for
from admin.terminal import console

_DIM = "dim"
_BOLD = "bold"


def facts(rows: list[tuple[str, str]]) -> Table:
    """Names and values, one below the other."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style=_DIM)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(f"  {name}", value)
    return table


def fields(proposed: tuple[Proposed, ...]) -> Table:
    """Fields as they would be published."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=_DIM)
    for name in ("  field", "type", "level", "about people", "leaves", "because"):
        table.add_column(name, overflow="fold")
    for one in proposed:
        words = ["yes" if one.is_personal else "", "sensitive" if one.is_sensitive else ""]
        about = ", ".join([word for word in words if word] + (["subject key"] if one.is_subject_key else []))
        table.add_row(f"  {one.name}", one.type, one.level, about, words_for(one.mask), Text(one.reason, style=_DIM))
    return table


def founded(directory: DataDirectory, founded: Founded) -> None:
    """A new exchange."""
    out = console()
    out.print(f"The exchange is founded in {directory.path}.", style=_BOLD)
    out.print(facts([("ledger", founded.origin), ("verifier key", founded.vkey)]))
    out.print("Three administrators with three keys; each belongs to another person, and none is ever sent anywhere:")
    out.print(facts([(name, str(path)) for name, path in founded.keys.items()]))
    out.print("Publish the verifier key where auditors find it without asking you. Then: exchange serve")


def serving(directory: DataDirectory, url: str, *, workers: int) -> None:
    """A server that is about to answer."""
    out = console()
    place(directory)
    processes = "one process" if workers == 1 else f"{workers} processes"
    out.print(f"Serving {url} with {processes}; its API is described at {url}/docs. Ctrl-C ends it.", soft_wrap=True)


def joined(directory: DataDirectory, joined: Joined) -> None:
    """An organisation that has joined."""
    organisation = joined.organisation
    handle = organisation["handle"]
    out = console()
    out.print(f"{organisation['name_zh']} ({organisation['name_en']}) is {organisation['state']}.", style=_BOLD)
    rows = [
        ("id", organisation["id"]),
        ("steward's key", str(directory.key_file(handle))),
        ("system's key", str(directory.key_file(f"{handle}-system"))),
    ]
    if joined.entry is not None:
        rows.append(("ledger entry", str(joined.entry)))
    out.print(facts(rows))


def place(directory: DataDirectory) -> None:
    """Which exchange is meant, where that was chosen and not given."""
    if directory.origin:
        console().print(f"In {directory.path} ({directory.origin}).", style=_DIM, soft_wrap=True)


def health(directory: DataDirectory, url: str | None, standing: Standing) -> None:
    """How an exchange stands."""
    revision = standing.revision or "empty"
    rows = [
        ("data", str(directory.path)),
        ("server", f"answers at {url}" if url else "does not run"),
        ("database", f"revision {revision}" + ("" if standing.is_current else ": run `exchange database upgrade`")),
        ("ledger", f"{standing.origin}, {standing.entries} entries" if standing.origin else "not begun"),
    ]
    if standing.origin:
        since = standing.uncovered_since
        covered = "covers every entry" if since is None else f"covers no entry since {since:%Y-%m-%d %H:%M:%S %Z}"
        rows.append(("checkpoint", covered))
    if standing.not_continued:
        rows.append(("", f"NOTHING IS SIGNED OR TAKEN IN: {standing.not_continued}"))
    console().print(facts(rows))


def found(wish: Wish, found: Found) -> None:
    """What is in a file, and what would be published of it."""
    out = console()
    description = found.source["description"]
    count = found.source["rows"]
    rows = "" if count is None else f"{count:,} rows, "
    out.print(f"{wish.file.name}: {rows}{len(found.fields)} fields", style=_BOLD, soft_wrap=True)
    out.print(fields(found.fields))
    for note in description["notes"]:
        where = f" ({note['where']})" if note.get("where") else ""
        out.print(f"  note: {note['text']}{where}", style=_DIM, soft_wrap=True)
    out.print(
        f"To be published as {wish.owner}/{found.handle}, for {', '.join(wish.purposes)}, to whom {wish.owner} grants it."
    )
    if any(one.is_personal for one in found.fields):
        out.print("  A guess is wrong? --clear FIELD: it is about nobody. --personal FIELD: it is.", style=_DIM)


def published(directory: DataDirectory, done: Published | None, *, is_started: bool) -> None:
    """A dataset that is in the catalogue now, or is not."""
    out = console()
    if done is None:
        out.print("Nothing was published; the uploaded source is withdrawn.")
        return
    dataset = done.dataset
    out.print(f"Published: {dataset['organisation']}/{dataset['handle']}, version {dataset['version']}.", style=_BOLD)
    rows = [("id", dataset["id"]), ("digest", f"sha256:{dataset['digest']}")]
    if done.entry is not None:
        rows.append(("ledger entry", str(done.entry)))
    out.print(facts(rows))
    if is_started:
        given = "" if directory.path.name == "exchange-data" else f" --data {directory.path}"
        out.print(
            f"No server was running, so one was started for this and has ended. To serve it: exchange serve{given}"
        )
