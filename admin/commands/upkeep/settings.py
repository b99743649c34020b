"""`exchange settings`: every setting with its value and its origin; the settings file."""

from pathlib import Path

import typer
from rich.table import Table
from rich.text import Text

from admin import data_directory
from admin.commands.options import Data
from admin.configuration import lock, served, settings_file
from admin.data_directory import DataDirectory
from admin.terminal import CannotDo, console, reporting_failures
from exchange.kernel.settings_sources import Given, as_text, file_of, is_secret, read
from exchange.settings import Settings

app = typer.Typer(help="Show every setting with its origin, or write the settings file.", add_completion=False)

_DIM = "dim"
_FIELDS = Settings.model_fields


@app.callback(invoke_without_command=True)
def show(context: typer.Context, data: Data = None) -> None:
    """Show every setting with its origin: the settings that commands act by."""
    if context.invoked_subcommand:
        return
    with reporting_failures():
        directory = data_directory.choose(data)
        settings, path = directory.new_settings(), directory.path.absolute()
        before, given = served.recall(path), read(Settings, path)
        rows = settings if before is None else directory.settings()
        out = console()
        out.print(_situation(path, before), style=_DIM, soft_wrap=True)
        file = file_of(path)
        out.print(
            f"{file.name} is {file}" + ("" if file.exists() else ", which does not exist"), style=_DIM, soft_wrap=True
        )
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=_DIM)
        for title in ("setting", "value", "origin"):
            table.add_column(title, overflow="fold")
        for name in _FIELDS:
            origin = _origin(name, rows, given.get(name), settings)
            table.add_row(name, _value(rows, name), Text(origin, style=_DIM if origin == "default" else ""))
        out.print(table)
        for line in () if before is None else served.compare(before, settings).other:
            out.print(f"  changed since it was last served: {line}", soft_wrap=True)


@app.command("write")
def write_command(data: Data = None) -> None:
    """Write the settings file with what the environment sets now; one that exists is kept."""
    with reporting_failures():
        directory = data_directory.choose(data)
        if not directory.path.is_dir():
            raise CannotDo(
                f"there is no directory {directory.path}", hint="exchange init makes one, with a settings file"
            )
        path = settings_file.write(directory.path, directory.new_settings())
        if path is None:
            raise CannotDo(f"{file_of(directory.path)} exists already; nothing was written", hint="edit it")
        console().print(f"Written: {path}. Servers read it when they start.", soft_wrap=True)


def _situation(data: Path, before: served.Served | None) -> str:
    holder = lock.find_holder(data)
    if holder is not None and holder.is_server:
        return f"The settings of the server that runs (process {holder.pid}):"
    if before is None:
        return "The settings of a server that starts now; the exchange was not served yet:"
    return "The settings that commands act by; no server runs:"


def _value(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if is_secret(_FIELDS[name]):
        return "unset" if value is None else "(secret)"
    return "unset" if value is None or value == () else as_text(value)


def _origin(name: str, rows: Settings, given: Given | None, own: Settings) -> str:
    """Name the origin of a value: a variable, a file, the server's record, or the default."""
    if name == "data":
        return DataDirectory(rows.data).origin or "--data, EXCHANGE_DATA or ./exchange-data"
    if getattr(rows, name) != getattr(own, name):
        return "the settings last served with"
    if given:
        return given.file.name if given.file else given.written
    return "default"
