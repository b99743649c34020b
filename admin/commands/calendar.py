"""`exchange calendar`: the calendar of working days and the statutory periods, through the API."""

import hashlib
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from admin.commands.options import Data, Yes
from admin.server.reaching import client_of
from admin.terminal import CannotDo, console, reporting_failures

Year = Annotated[int, typer.Argument(min=2004, max=2100)]
_EXAMPLE = """A notice is a file in TOML:

notice = "国务院办公厅关于2026年部分节假日安排的通知 国办发明电…"
workdays = [2026-01-04, 2026-02-14]

[[holidays]]
name = "元旦"
first = 2026-01-01
last = 2026-01-03
"""

app = typer.Typer(
    help="Show and load the calendar of working days, and the numbers that deadlines count with.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command()
def show(
    year: Annotated[int | None, typer.Argument(help="The days of this year that differ from ordinary weeks.")] = None,
    data: Data = None,
) -> None:
    """Show how far the calendar is loaded, which years wait for a confirmation, or the days of a year."""
    with reporting_failures(), client_of(data, "operator") as client:
        out = console()
        if year is not None:
            for row in client.request("GET", f"/api/v1/calendar/years/{year}").json():
                out.print(
                    f"{row['day']}  {'worked' if row['is_workday'] else 'off':6}  {row['source']}", soft_wrap=True
                )
            return
        calendar = client.request("GET", "/api/v1/calendar").json()
        out.print(f"loaded from {calendar['first']} to {calendar['last']}")
        out.print(f"{calendar['days_left']} working days are left after today")
        if calendar["provisional"]:
            out.print(f"{calendar['provisional']} open deadlines have no last day yet, because it lies beyond that")
        if calendar["is_short"]:
            following = int(calendar["last"][:4]) + 1
            out.print(
                f"WARNING: load {following} from the State Council's notice as soon as it is published: exchange calendar load",
                soft_wrap=True,
            )
        for entered in calendar["entered"]:
            _show_entered(entered)


@app.command(epilog=_EXAMPLE.replace("\n", "\n\n"))
def load(
    year: Year,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The notice's days, in TOML.")],
    notice_file: Annotated[
        Path, typer.Option("--notice", exists=True, dir_okay=False, help="The notice itself; its digest is recorded.")
    ],
    data: Data = None,
) -> None:
    """Enter a year's notice on holidays, as the operator. Another administrator confirms it."""
    with reporting_failures():
        document = _read(file)
        new = {"year": year, "digest": hashlib.sha256(notice_file.read_bytes()).hexdigest(), **document}
        with client_of(data, "operator") as client:
            _show_entered(client.request("POST", "/api/v1/calendar/years", json=new).json())


@app.command()
def confirm(
    year: Year,
    notice_file: Annotated[
        Path,
        typer.Option("--notice", exists=True, dir_okay=False, help="Your own copy of the notice, which is compared."),
    ],
    yes: Yes = False,  # noqa: FBT002 - an option
    data: Data = None,
) -> None:
    """Confirm a year that the operator entered, as the security administrator: its days are loaded."""
    with reporting_failures(), client_of(data, "security") as client:
        waiting = client.request("GET", "/api/v1/calendar").json()["entered"]
        entered = next((each for each in waiting if each["year"] == year), None)
        if entered is None:
            raise CannotDo(f"no calendar of {year} waits for a confirmation", hint="enter it: exchange calendar load")
        digest = hashlib.sha256(notice_file.read_bytes()).hexdigest()
        if digest != entered["digest"]:
            raise CannotDo("your copy of the notice is another file than the one that was entered")
        _show_entered(entered)
        if not yes and not typer.confirm("Are these the days of the notice?"):
            raise CannotDo("nothing was loaded")
        confirmation = {"days": entered["days"]}
        client.request("POST", f"/api/v1/calendar/years/{year}/confirmation", json=confirmation)
        console().print(f"{year} is loaded.")


@app.command()
def parameters(data: Data = None) -> None:
    """Show every statutory period with its source, and whether the number was read in the text of its source."""
    with reporting_failures(), client_of(data, "operator") as client:
        table = Table("name", "value", "from", "verified", "source", box=None, pad_edge=False)
        for row in client.request("GET", "/api/v1/calendar/parameters").json():
            verified = "yes" if row["verified"] else "no"
            table.add_row(row["name"], row["text"], row["effective_from"], verified, row["source"])
        console().print(table)


@app.command("set")
def set_parameter(
    name: Annotated[str, typer.Argument(help="The parameter.")],
    value: Annotated[int, typer.Argument(help="Its value, in its unit.")],
    source: Annotated[str, typer.Option(help="The document and article that sets it.")],
    effective_from: Annotated[str, typer.Option("--from", metavar="DATE", help="For events from this day on.")],
    verified: Annotated[bool, typer.Option(help="Whether you read the number in that document.")] = False,  # noqa: FBT002 - an option
    data: Data = None,
) -> None:
    """Set a parameter. It is on the ledger; deadlines that run keep what they were started with."""
    with reporting_failures(), client_of(data, "operator") as client:
        new = {"value": value, "source": source, "verified": verified, "effective_from": effective_from}
        row = client.request("PUT", f"/api/v1/calendar/parameters/{name}", json=new).json()
        console().print(f"{row['name']}: {row['text']} for events from {row['effective_from']} on ({row['source']})")


def _read(file: Path) -> dict[str, Any]:
    """The document of a notice's file, with days as texts. Raises CannotDo."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CannotDo(f"{file} cannot be read: {error}") from error
    plain = _plain(document)
    return plain if isinstance(plain, dict) else {}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    return str(value) if isinstance(value, date) else value


def _show_entered(entered: dict[str, Any]) -> None:
    out = console()
    out.print(f"{entered['year']}: {entered['notice']}", soft_wrap=True)
    out.print(f"  weekdays off: {', '.join(entered['off'])}", soft_wrap=True)
    out.print(f"  rest days worked: {', '.join(entered['worked']) or 'none'}", soft_wrap=True)
    if entered["state"] == "entered":
        out.print("  It waits for the security administrator: exchange calendar confirm", soft_wrap=True)
