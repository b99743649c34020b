"""Output of commands: documents and tables on standard output, notes and failures on standard error."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import httpx2
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from data_exchange_client.errors import CannotDo, ExchangeError, ExchangeProblem

_WIDTH_OF_A_FILE = 100_000
_NARROWEST = 10
"""The columns of a terminal that a cell needs at least, or the rows are printed one below the other."""

_GAP = 2
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9_-]{43}")
_errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def console() -> Console:
    """A console for standard output that prints text as it is; a file or a pipe has no width that lines are fitted to."""
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
    table = Table.grid(padding=(0, _GAP))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value not in (None, "", [], {}):
            table.add_row(name, text(value))
    _print(table)


def print_table(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows; `columns` gives each column's title and the member that it shows.

    Ids stay on one line, other values fold. Where a terminal is too narrow for that, each row is printed as names and
    values.
    """
    lines = [[text(row.get(member)) for member in columns.values()] for row in rows]
    has_ids = [any(_ID.fullmatch(line[place]) for line in lines) for place in range(len(columns))]
    if lines and _needed(columns, lines, has_ids) > console().width:
        for line in lines:
            print_facts(dict(zip(columns, line, strict=True)))
            typer.echo()
        return
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    for title, is_id in zip(columns, has_ids, strict=True):
        table.add_column(title, overflow="fold", no_wrap=is_id)
    for line in lines:
        table.add_row(*line)
    _print(table)


def _needed(columns: Mapping[str, str], lines: list[list[str]], has_ids: list[bool]) -> int:
    """The width that rows need as a table."""
    widths = (max(map(cell_len, cells)) for cells in zip(columns, *lines, strict=True))
    return sum(
        _GAP + (width if is_id else min(width, _NARROWEST)) for width, is_id in zip(widths, has_ids, strict=True)
    )


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
    out = console()
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as captured:
        out.print(table)
    for line in captured.get().splitlines():
        typer.echo(line.rstrip())


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
        for hint in getattr(problem, "__notes__", ()):
            note(f"  hint: {hint}")
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
