"""PostgreSQL's own programs for dumps, from the wheel of the embedded server, on any server that is not newer."""

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from admin.terminal import CannotDo
from exchange.kernel.database import arguments
from exchange.kernel.embedded import account

_LINES_SHOWN = 3
_FOR_NEWER_SERVERS: Final = b"SET transaction_timeout"
"""What pg_restore sets and PostgreSQL before 17 does not know; it limits nothing, as the default does."""


def dump(url: str, file: Path, *, snapshot: str) -> None:
    """Dump a database as it is in an exported snapshot, with all that it needs but roles. Raises CannotDo."""
    options = ["--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={file}"]
    _run("pg_dump", url, options)


def restore(url: str, file: Path) -> None:
    """Restore a dump into an empty database, whole or not at all. Raises CannotDo.

    `pg_restore` writes the script and `psql` runs it, without the settings of a session that an older server does not know.
    """
    script = [_path("pg_restore"), "--no-owner", "--exit-on-error", "--file=-", str(file)]
    options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file=-"]
    command, environment = _command("psql", url)
    with tempfile.TemporaryFile() as written, tempfile.TemporaryFile() as ran:
        writer = subprocess.Popen(script, stdout=subprocess.PIPE, stderr=written)  # noqa: S603 - as below
        reader = subprocess.Popen(  # noqa: S603 - as below
            [*command, *options], env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=ran
        )
        try:
            _pass_on(writer, reader)
            _check("pg_restore", writer.wait(), written)
        except BrokenPipeError:  # psql has ended, and says why
            pass
        except BaseException:
            reader.kill()  # before its input ends, or it would commit the part that it has
            reader.wait()
            raise
        finally:
            writer.kill()
            writer.communicate()
            with suppress(BrokenPipeError):
                reader.communicate()
        _check("psql", reader.returncode, ran)


def _pass_on(writer: "subprocess.Popen[bytes]", reader: "subprocess.Popen[bytes]") -> None:
    """Give one program's output to another, without the lines for newer servers only that come before the first table."""
    if writer.stdout is None or reader.stdin is None:
        raise ValueError("both programs need a pipe")
    for line in writer.stdout:
        if not line.startswith(_FOR_NEWER_SERVERS):
            reader.stdin.write(line)
        if line.startswith(b"CREATE "):
            break
    shutil.copyfileobj(writer.stdout, reader.stdin)
    reader.stdin.flush()


def _check(program: str, status: int, errors: IO[bytes]) -> None:
    if status != 0:
        errors.seek(0)
        raise _failure(program, status, errors.read().decode(errors="replace"))


def version() -> int:
    """The major version of the programs."""
    command = [_path("pg_dump"), "--version"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - as below
    return int(printed.split()[2].split(".")[0])


def _path(program: str) -> str:
    return str(account.programs(account.choose()) / program)


def _command(program: str, url: str) -> tuple[list[str], dict[str, str]]:
    """A program's command line with the database's address, and its environment with the password."""
    place: dict[str, Any] = arguments(url)
    command = [_path(program), "--no-password", f"--host={place['host']}", f"--dbname={place['database']}"]
    command += [f"--port={place['port']}"] if "port" in place else []
    command += [f"--username={place['user']}"] if "user" in place else []
    secret = {"PGPASSWORD": str(place["password"])} if "password" in place else {}
    tls = {"PGSSLMODE": str(place["ssl"])} if "ssl" in place else {}
    return command, os.environ | secret | tls


def _run(program: str, url: str, options: list[str]) -> None:
    command, environment = _command(program, url)
    result = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
        [*command, *options], env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise _failure(program, result.returncode, result.stderr)


def _failure(program: str, status: int, errors: str) -> CannotDo:
    lines = " / ".join(line.strip() for line in errors.splitlines()[:_LINES_SHOWN])
    return CannotDo(f"{program} ended with status {status}: {lines}")
