"""PostgreSQL's own programs for dumps, from the wheel of the embedded server, on any server that is not newer."""

import os
import subprocess
from pathlib import Path
from typing import Any

from admin.terminal import CannotDo
from exchange.kernel.database import arguments
from exchange.kernel.embedded import account

_LINES_SHOWN = 3


def dump(url: str, file: Path, *, snapshot: str) -> None:
    """Dump a database as it is in an exported snapshot, with all that it needs but roles. Raises CannotDo."""
    options = ["--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={file}"]
    _run("pg_dump", url, options)


def restore(url: str, file: Path) -> None:
    """Restore a dump into an empty database, whole or not at all. Raises CannotDo."""
    _run("pg_restore", url, ["--no-owner", "--single-transaction", "--exit-on-error", str(file)])


def version() -> int:
    """The major version of the programs."""
    command = [_path("pg_dump"), "--version"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - as below
    return int(printed.split()[2].split(".")[0])


def _path(program: str) -> str:
    return str(account.programs(account.choose()) / program)


def _run(program: str, url: str, options: list[str]) -> None:
    place: dict[str, Any] = arguments(url)
    command = [_path(program), "--no-password", f"--host={place['host']}", f"--dbname={place['database']}"]
    command += [f"--port={place['port']}"] if "port" in place else []
    command += [f"--username={place['user']}"] if "user" in place else []
    secret = {"PGPASSWORD": str(place["password"])} if "password" in place else {}
    tls = {"PGSSLMODE": str(place["ssl"])} if "ssl" in place else {}
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
        [*command, *options], env=os.environ | secret | tls, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = " / ".join(line.strip() for line in done.stderr.splitlines()[:_LINES_SHOWN])
        raise CannotDo(f"{program} ended with status {done.returncode}: {lines}")
