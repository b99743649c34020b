"""The terminal of a command: one console, and expected failures in one line each instead of a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import singledispatch
from typing import Final

import httpx2
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from data_exchange_client.errors import CannotDo as CannotDo
from data_exchange_client.errors import ExchangeError, ExchangeProblem
from exchange.kernel.database import FAILURES
from exchange.kernel.embedded import DatabaseNotStarted
from exchange.kernel.keys.keyfiles import KeyFileInvalid
from exchange.kernel.settings_sources import SettingsInvalid

_WIDTH_OF_A_FILE = 110


def console(*, stderr: bool = False) -> Console:
    """A console that prints text as it is, wide enough for tables where its output goes into a file or a pipe."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDTH_OF_A_FILE
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


@contextmanager
def reporting_failures() -> Iterator[None]:
    """Print an expected failure in a line or a few, and end the command with exit status 1."""
    try:
        yield
    except EXPECTED as error:
        for message, hint in _describe(error):
            _print_error(message, hint)
        raise typer.Exit(1) from None


EXPECTED: Final = (
    CannotDo,
    SettingsInvalid,
    ExchangeError,
    ValidationError,
    httpx2.HTTPError,
    KeyFileInvalid,
    DatabaseNotStarted,
    *FAILURES,
)
"""What a person at the terminal, the machine or the other side can cause."""


@singledispatch
def _describe(error: Exception) -> list[tuple[str, str]]:
    """The lines of a failure, each with what helps."""
    # An error of a file has the file's name, one of a connection has none.
    subject = "a file" if isinstance(error, OSError) and error.filename is not None else "the database"
    return [(f"{subject} cannot be used: {str(error) or type(error).__name__}", "")]


@_describe.register
def _cannot_do(error: CannotDo) -> list[tuple[str, str]]:
    return [(str(error), error.hint)]


@_describe.register
def _settings(error: SettingsInvalid) -> list[tuple[str, str]]:
    return [(fault, "") for fault in error.faults]


@_describe.register
def _problem(error: ExchangeProblem) -> list[tuple[str, str]]:
    return [(error.line, "")]


@_describe.register
def _validation(error: ValidationError) -> list[tuple[str, str]]:
    lines = []
    for fault in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        lines.append((f"{name}: {message}" if name else message, ""))
    return lines


@_describe.register
def _unreachable(error: httpx2.HTTPError) -> list[tuple[str, str]]:
    return [
        (f"the exchange does not answer{_address(error)}: {str(error) or type(error).__name__}", "see: exchange health")
    ]


@_describe.register(ExchangeError)
@_describe.register(KeyFileInvalid)
def _said(error: Exception) -> list[tuple[str, str]]:
    return [(str(error), "")]


@_describe.register
def _embedded(error: DatabaseNotStarted) -> list[tuple[str, str]]:
    return [(str(error), "its log is postgres/log in the data directory")]


def _address(error: httpx2.HTTPError) -> str:
    """The address that the request went to; errors that precede a request have none."""
    try:
        url = error.request.url
    except RuntimeError:
        return ""
    return f" at {url.scheme}://{url.netloc.decode()}"


def _print_error(message: str, hint: str = "") -> None:
    errors = console(stderr=True)
    errors.print(Text.assemble(("error: ", "red"), message), soft_wrap=True)
    if hint:
        errors.print(Text(f"       {hint}", style="dim"), soft_wrap=True)
