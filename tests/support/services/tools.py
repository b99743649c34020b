"""Programs of other people, built into build/tools by the Makefile, that tests run beside our own."""

import os
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "build" / "tools"


def tool(name: str) -> str:
    """The path of a program. Where the Makefile could have built it, its absence fails the test; elsewhere it is skipped."""
    path = Path(os.environ.get(name.upper(), TOOLS / name))
    if path.exists():
        return str(path)
    missing = f"no {name}: neither {name.upper()} nor build/tools/{name}"
    if os.environ.get("TOOLS_REQUIRED"):
        pytest.fail(missing)
    pytest.skip(missing)
