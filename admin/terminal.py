"""What a person sees of a command: one console, and one way to say that something cannot be done."""

import subprocess
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
from exchange.kernel.keys.keyfiles import KeyFileInvalid

_WIDTH_OF_A_FILE = 110
_PLACES_SHOWN = 5


class CannotDo(Exception):
    """Something the person at the terminal can put right: what is wrong in one line, and what helps in another."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def console(*, stderr: bool = False) -> Console:
    """A console that prints text as it is; wide enough for tables where its output goes into a file or a pipe."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDTH_OF_A_FILE
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


@contextmanager
def told() -> Iterator[None]:
    """Say expected failures in a line instead of a traceback, and end with exit status 1."""
    try:
        yield
    except CannotDo as error:
        _say(str(error), error.hint)
    except ExchangeProblem as problem:
        _say(words_of(problem))
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            place = ".".join(str(part) for part in one["loc"])
            _say(f"{place}: {one['msg'].removeprefix('Value error, ')}" if place else one["msg"], stop=False)
    except httpx2.HTTPError as error:
        _say(f"the exchange does not answer: {str(error) or type(error).__name__}", "`exchange health` says more")
    except (ExchangeError, KeyFileInvalid) as error:
        _say(str(error))
    except subprocess.SubprocessError:
        _say("the embedded PostgreSQL did not start", "the file postgres/log in the data directory says why")
    except FAILURES as error:
        _say(f"the database cannot be used: {str(error) or type(error).__name__}")
    else:
        return
    raise typer.Exit(1)


def words_of(problem: ExchangeProblem) -> str:
    """A problem as one line: what, what to do, and where."""
    place = problem.document.get("where")
    errors = problem.document.get("errors") or []
    named = "; ".join(f"{one.get('at')}: {one.get('error')}" for one in errors[:_PLACES_SHOWN])
    return "".join(
        (
            problem.title,
            f": {problem.detail}" if problem.detail else "",
            f" ({place})" if place else "",
            f" [{problem.document['code']}]" if "code" in problem.document else "",
            f" {named}" if named else "",
        )
    )


def _say(message: str, hint: str = "", *, stop: bool = True) -> None:
    errors = console(stderr=True)
    errors.print(Text.assemble(("error: ", "red"), message), soft_wrap=True)
    if hint:
        errors.print(Text(f"       {hint}", style="dim"), soft_wrap=True)
    if stop:
        raise typer.Exit(1)
