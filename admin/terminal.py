"""The terminal of a command: one console, and expected failures in one line each instead of a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from data_exchange_client.errors import ExchangeError, ExchangeProblem
from exchange.kernel.database import FAILURES
from exchange.kernel.embedded import DatabaseNotStarted
from exchange.kernel.keys.keyfiles import KeyFileInvalid

_WIDTH_OF_A_FILE = 110
_ERRORS_SHOWN = 5


class CannotDo(Exception):
    """Something the person at the terminal can put right: what is wrong in one line, and what helps in `hint`."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def console(*, stderr: bool = False) -> Console:
    """A console that prints text as it is, wide enough for tables where its output goes into a file or a pipe."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDTH_OF_A_FILE
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


@contextmanager
def reporting_failures() -> Iterator[None]:
    """Print an expected failure as a line, and end the command with exit status 1."""
    try:
        yield
    except CannotDo as error:
        _print_error(str(error), error.hint)
    except ExchangeProblem as problem:
        _print_error(problem_line(problem))
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            name = ".".join(str(part) for part in fault["loc"])
            message = fault["msg"].removeprefix("Value error, ")
            _print_error(f"{name}: {message}" if name else fault["msg"])
    except httpx2.HTTPError as error:
        _print_error(f"the exchange does not answer: {str(error) or type(error).__name__}", "see: exchange health")
    except (ExchangeError, KeyFileInvalid) as error:
        _print_error(str(error))
    except DatabaseNotStarted as error:
        _print_error(str(error), "its log is postgres/log in the data directory")
    except FAILURES as error:
        # An error of a file has the file's name, one of a connection has none.
        subject = "a file" if isinstance(error, OSError) and error.filename is not None else "the database"
        _print_error(f"{subject} cannot be used: {str(error) or type(error).__name__}")
    else:
        return
    raise typer.Exit(1)


def problem_line(problem: ExchangeProblem) -> str:
    """A problem as one line: its title, what helps, where, and the first faults of the document that was sent."""
    where = problem.document.get("where")
    errors = problem.document.get("errors") or []
    faults = "; ".join(f"{error.get('at')}: {error.get('error')}" for error in errors[:_ERRORS_SHOWN])
    return "".join(
        (
            problem.title,
            f": {problem.detail}" if problem.detail else "",
            f" ({where})" if where else "",
            f" [{problem.document['code']}]" if "code" in problem.document else "",
            f" {faults}" if faults else "",
        )
    )


def _print_error(message: str, hint: str = "") -> None:
    errors = console(stderr=True)
    errors.print(Text.assemble(("error: ", "red"), message), soft_wrap=True)
    if hint:
        errors.print(Text(f"       {hint}", style="dim"), soft_wrap=True)
