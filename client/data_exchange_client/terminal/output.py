"""Output of commands: documents and tables on standard output, notes and failures on standard error."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import httpx2
import typer
from rich.console import Console
from rich.table import Table

from data_exchange_client.errors import CannotDo, ExchangeError, ExchangeProblem

_WIDTH_OF_A_FILE = 110
_errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def console() -> Console:
    """A console for standard output that prints text as it is, wide enough for tables in a file or a pipe."""
    width = None if sys.stdout.isatty() else _WIDTH_OF_A_FILE
    return Console(highlight=False, markup=False, emoji=False, width=width)


def note(message: str) -> None:
    """Print a note to standard error."""
    _errors.print("\n".join(map(plain, message.splitlines())))


def fail(message: str) -> NoReturn:
    """Print an error and end the command with exit status 1."""
    note(f"error: {message}")
    raise typer.Exit(1)


def print_json(document: Any) -> None:
    """Print a document as JSON."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print names and values, one below the other, without those that are None or empty."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value not in (None, "", [], {}):
            table.add_row(name, text(value))
    _print(table)


def print_table(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows; `columns` gives each column's title and the member that it shows."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in columns:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(text(row.get(member)) for member in columns.values()))
    _print(table)


def text(value: Any) -> str:
    """A value on one line; lists of plain values with commas, other documents as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return plain(", ".join(map(str, value)))
    return plain(json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value))


def plain(text: str) -> str:
    """Text of others without control characters, which would act on the terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _print(table: Table) -> None:
    # Values come from others: no markup and no highlighting.
    Console(highlight=False, markup=False).print(table)


@contextmanager
def reporting_failures() -> Iterator[None]:
    """Print an expected failure as a message, and end the command with exit status 1."""
    try:
        yield
    except ExchangeProblem as problem:
        note(f"refused: {problem.type}: {problem}")
        if problem.entry is not None:
            _errors.print(f"  on the ledger as entry {problem.entry}")
        if not problem.is_signed:
            _errors.print("  (this answer is not signed by the exchange)")
        raise typer.Exit(1) from None
    except CannotDo as error:
        note(f"error: {error}")
        if error.hint:
            note(f"       {error.hint}")
        raise typer.Exit(1) from None
    except httpx2.TransportError as error:
        fail(f"no answer from {error.request.url}: {str(error) or type(error).__name__}")
    except (ExchangeError, httpx2.HTTPError, httpx2.InvalidURL, ImportError) as error:
        fail(str(error) or type(error).__name__)
    except OSError as error:
        fail(f"a file cannot be written: {error}")
