"""Programs of other people that tests run beside our own. Without one, its tests are skipped by name, or fail.

`TOOLS_REQUIRED` is set where the Makefile builds tools into build/tools, `PROGRAMS_REQUIRED` where the system's own
programs have to be installed: there a missing one fails the test.
"""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

TOOLS = Path(__file__).parents[3] / "build" / "tools"


def tool(name: str) -> str:
    """The path of a program that the Makefile builds, or that the environment names."""
    path = Path(os.environ.get(name.upper(), TOOLS / name))
    if not path.exists():
        _stop(f"no {name}: neither {name.upper()} nor build/tools/{name}", fails=bool(os.environ.get("TOOLS_REQUIRED")))
    return str(path)


def program(name: str) -> str:
    """The path of a program of the system."""
    path = shutil.which(name)
    if path is None:
        missing(name)
    return path


def missing(name: str) -> NoReturn:
    """Skip or fail a test that needs something of the system."""
    _stop(f"{name} is not installed", fails=bool(os.environ.get("PROGRAMS_REQUIRED")))


def _stop(reason: str, *, fails: bool) -> NoReturn:
    if fails:
        pytest.fail(reason)
    pytest.skip(reason)
