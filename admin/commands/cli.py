"""The command `exchange`: what its operator runs, and what shows a newcomer around.

Exit status: 0 when done, 1 when it could not be done, 2 when the command was used wrongly.
"""

import signal
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from alembic.util import CommandError

from admin import databases, founding, joining, places, shown
from admin.commands import audit as auditing
from admin.commands import keys as rotating
from admin.commands import ledger as restoring
from admin.commands.policy import policy
from admin.commands.publish import PURPOSES, Found, Wish, demand_file, publish
from admin.commands.subjects import erase, hold
from admin.demo.cli import demo_command
from admin.joining import Newcomer, demand_name
from admin.server import reaching, serving
from admin.terminal import CannotDo, console, told
from data_exchange_client.api import Client

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


class Kind(StrEnum):
    """The kinds of organisation."""

    DEPARTMENT = "department"
    ENTERPRISE = "enterprise"
    INSTITUTION = "institution"


class Level(StrEnum):
    """Administrative levels."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    NONE = "none"


database = typer.Typer(help="Bring the database up to date, or check the migrations.", no_args_is_help=True)
app.add_typer(database, name="database")
app.add_typer(hold, name="hold")
app.add_typer(auditing.audit, name="audit")
app.add_typer(restoring.app, name="ledger")
app.add_typer(rotating.app, name="keys")
app.add_typer(policy, name="policy")
app.command("demo")(demo_command)
app.command()(erase)

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data directory; otherwise EXCHANGE_DATA, or ./exchange-data."),
]


@app.command()
def init(
    code: Annotated[str, typer.Option(help="The operator's unified social credit code (GB 32100-2015).")],
    handle: Annotated[str, typer.Option(help="The operator's short name.")] = "operator",
    name_zh: Annotated[str, typer.Option(help="Its name in Chinese.")] = "数据交换平台运营机构",
    name_en: Annotated[str, typer.Option(help="Its name in English.")] = "Operator of the data exchange",
    data: Data = None,
) -> None:
    """Found an exchange: its database, its ledger, and the keys of its three administrators. There is no password."""
    with told():
        directory = places.chosen(data)
        founded = founding.initialise(directory, handle=handle, code=code, name_zh=name_zh, name_en=name_en)
        shown.founded(directory, founded)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = reaching.LOOPBACK,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="How many processes answer.")] = 1,
    data: Data = None,
    until_stdin_closes: Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)] = False,
) -> None:
    """Serve the exchange until Ctrl-C."""
    with told():
        directory = places.found(data)
        with serving.prepared(directory, host=host, port=port) as settings:
            if not until_stdin_closes:
                shown.serving(directory, settings.public_url, workers=workers)
            serving.run(host=host, port=port, workers=workers, until_stdin_closes=until_stdin_closes)


@app.command()
def health(data: Data = None) -> None:
    """Say how the exchange of a data directory stands: its server, its database, its ledger."""
    with told():
        directory = places.found(data)
        settings = directory.settings()
        url = reaching.running_at(directory)
        with databases.at_hand(settings) as address:
            standing = databases.read(address, settings)
        shown.health(directory, url, standing)
        if url is None or not standing.is_current or standing.not_continued:
            raise typer.Exit(1)


@app.command()
def join(
    handle: Annotated[str, typer.Argument(help="The participant's short name.")],
    code: Annotated[str, typer.Option(help="Its unified social credit code (GB 32100-2015).")],
    name_zh: Annotated[str, typer.Option(help="Its name in Chinese.")],
    name_en: Annotated[str, typer.Option(help="Its name in English.")],
    kind: Annotated[Kind, typer.Option(help="What it is.")] = Kind.DEPARTMENT,
    level: Annotated[
        Level, typer.Option(help="Its administrative level; none outside the administration.")
    ] = Level.CITY,
    region: Annotated[str | None, typer.Option(help="Its region's code (GB/T 2260), such as 330100.")] = None,
    data: Data = None,
) -> None:
    """Let an organisation join: register and admit it, and make the keys of its steward and its system."""
    with told():
        directory = places.found(data)
        demand_name(directory, handle)
        newcomer = Newcomer(handle, kind, level, code, name_zh, name_en, region)
        with reaching.reached(directory) as (url, _):
            trust = directory.trust()
            joined = joining.join(directory, lambda key: Client(url, key, trust=trust), newcomer)
        shown.joined(directory, joined)


@app.command("publish")
def publish_command(  # noqa: PLR0917 - its options, which typer reads off
    file: Annotated[Path, typer.Argument(help="A CSV, Excel (.xlsx, .xls), Parquet or JSON-lines file.")],
    owner: Annotated[str, typer.Option(help="The participant who publishes it, such as demo-education.")],
    title: Annotated[str, typer.Option(help="The dataset's title.")],
    title_en: Annotated[str, typer.Option(help="Its title in English, if that differs.")] = "",
    handle: Annotated[str, typer.Option(help="Its short name; otherwise made from the title or the file's name.")] = "",
    purpose: Annotated[
        list[str] | None, typer.Option(help="A purpose it may serve; repeat it. Otherwise talent-service, statistics.")
    ] = None,
    clear: Annotated[
        list[str] | None, typer.Option("--clear", metavar="FIELD", help="A field that is about nobody; repeat it.")
    ] = None,
    personal: Annotated[
        list[str] | None, typer.Option("--personal", metavar="FIELD", help="A field that is about people; repeat it.")
    ] = None,
    impact_assessment: Annotated[
        Path | None,
        typer.Option(metavar="REPORT", help="The impact assessment on file (PIPL 55); only its digest is recorded."),
    ] = None,
    assessed_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day it was concluded; otherwise today.")
    ] = None,
    module: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="A module of the owner's that `exchange policy module` had accepted."),
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook.")] = None,
    header_row: Annotated[int | None, typer.Option(min=0, help="The row of names, from 1; 0: there is none.")] = None,
    encoding: Annotated[str | None, typer.Option(help="The encoding of a text file, such as gb18030.")] = None,
    pad: Annotated[bool, typer.Option("--pad", help="Accept rows that are too short.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept what was found without being asked.")] = False,
    data: Data = None,
) -> None:
    """Publish a file of your own: see what was found in it, confirm, and it is in the catalogue."""
    options = {"sheet": sheet, "header_row": header_row, "encoding": encoding, "ragged": "pad" if pad else None}
    wish = Wish(
        file=file,
        owner=owner,
        title=title,
        title_en=title_en,
        handle=handle,
        purposes=purpose or PURPOSES,
        clear=clear or (),
        personal=personal or (),
        impact=(impact_assessment, (assessed_on or datetime.now(UTC)).date()) if impact_assessment else None,
        module=module,
        options={name: value for name, value in options.items() if value is not None},
    )

    def confirm(found: Found) -> bool:
        shown.found(wish, found)
        return yes or _asked("Publish it like this?")

    with told():
        demand_file(file)
        directory = places.found(data)
        key = directory.steward_key(owner)
        trust = directory.trust()
        shown.place(directory)
        with reaching.reached(directory) as (url, is_started), Client(url, key, trust=trust) as client:
            published = publish(client, wish, confirm=confirm)
        shown.published(directory, published, is_started=is_started)
        if published is None:
            raise typer.Exit(1)


@database.command()
def upgrade(data: Data = None) -> None:
    """Bring the database to the revision that this version needs."""
    with told():
        settings = places.found(data).settings()
        with databases.at_hand(settings) as url:
            before, after = databases.upgrade(settings, url)
        console().print(f"the database is at revision {after}" + ("" if before == after else f"; it was at {before}"))


@database.command()
def check() -> None:
    """Check, on an empty database of its own, that the migrations make exactly what the models describe."""
    with told():
        try:
            databases.check()
        except CommandError as error:
            raise CannotDo(f"the migrations do not make what the models describe: {error}") from error
        console().print("the migrations make what the models describe")


def main() -> None:
    """Run the command. A request to end is an exception, so that what was started is ended on the way out."""
    signal.signal(signal.SIGTERM, _leave)
    app()


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def _asked(question: str) -> bool:
    try:
        return typer.confirm(question)
    except typer.Abort:
        raise CannotDo("nobody answered, so nothing was published", hint="--yes accepts what was found") from None
