"""`exchange database`: bring the database up to date, or check that models and migrations agree."""

from pathlib import Path

import typer
from alembic.util import CommandError

from admin import data_directory, database
from admin.commands.options import Data
from admin.configuration import served
from admin.terminal import CannotDo, console, reporting_failures
from exchange.settings import Settings

app = typer.Typer(
    help="Bring the database up to date, or check the migrations.", no_args_is_help=True, add_completion=False
)


@app.command()
def upgrade(data: Data = None) -> None:
    """Bring the database to the revision that this version needs."""
    with reporting_failures():
        settings = _settings(data)
        with database.running(settings) as url:
            before, after = database.upgrade(settings, url)
        console().print(f"the database is at revision {after}" + ("" if before == after else f"; it was at {before}"))


def _settings(data: Path | None) -> Settings:
    """The settings to upgrade with. A server of one's own is upgraded before anything is in the data directory."""
    directory = data_directory.choose(data)
    if directory.new_settings().database_url is None:
        directory = data_directory.locate(data)
    settings = directory.new_settings()
    if (before := served.recall(directory.path)) is not None:
        served.require_same_database(before, settings)
    return settings


@app.command()
def check() -> None:
    """Check, on an empty database of its own, that the migrations make exactly what the models describe."""
    with reporting_failures():
        try:
            database.check_migrations()
        except CommandError as error:
            raise CannotDo(f"the migrations do not make what the models describe: {error}") from error
        console().print("the migrations make what the models describe")
