"""Import each file in a process of its own: a hostile or enormous file must not be the exchange.

A small file can unpack to terabytes, make a parser request more memory than there is, or take over a parser. Its process
has none of the exchange's environment, opens neither its keys nor a socket, and ends at its limits (confined.py). Its
answer is not trusted: it is parsed as data, and the snapshot it names is verified by digest before it is read.
"""

import json
import re
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import Final

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from adapters.contract import Code, Description, ImportedFile, SourceError
from adapters.files.confined import CRASHED, too_much_memory
from adapters.files.options import ImportOptions
from adapters.kind import ImportLimits
from groundwork import durable

_ANSWER: Final = 16 * 2**20  # bytes: a thousand columns with long names, notes and hints
_WAITS: Final = 2  # times the limit of processor time, for a busy machine
_TEXT: Final = 2_000
_SNAPSHOT: Final = re.compile("[0-9a-f]{64}[.]parquet")
_WORDS: Final = 4096
_OUT_OF_MEMORY: Final = (b"bad_alloc", b"memory allocation of", b"alloc: failed", b"MemoryError")
_PROGRAM: Final = """
import sys
sys.modules["numpy"] = sys.modules["pandas"] = None
from adapters.files.confined import main
main()
"""
"""Hides what pyarrow would import to recognise arrays, and reads without: importing it takes longer than reading."""
_ENVIRONMENT: Final = {"ARROW_DEFAULT_MEMORY_POOL": "system"}  # this one reserves nothing ahead


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class _Answer:
    """The answer of a process: a description, or the three parts of a SourceError."""

    description: Description | None = None
    code: Code | None = None
    detail: str = ""
    where: str | None = None


_ANSWERS: Final = TypeAdapter(_Answer)


def import_bounded(path: Path, directory: Path, options: ImportOptions, limits: ImportLimits) -> ImportedFile:
    """Import a file as `import_file` does, in another process. Blocks: call it on a thread.

    Raises SourceError as `import_file` does, and too-large with the limit if the process reaches one. Leaves no file
    behind then, however the process ends.
    """
    directory = directory.absolute()
    durable.make_directory(directory)
    with TemporaryDirectory(dir=directory, prefix="import-") as temporary:
        request = {
            "path": str(path.absolute()),
            "directory": temporary,
            "options": asdict(options),
            "memory": limits.memory,
            "seconds": limits.seconds,
        }
        errors = Path(temporary) / "errors"
        code, content = _run(json.dumps(request).encode(), errors, limits)
        if code != 0:
            raise _explain(code, errors, limits)
        answer = _read(content)
        if answer.description is None:
            where = (answer.where or "")[:_TEXT] or None
            raise SourceError(answer.code or "file-unreadable", answer.detail[:_TEXT], where)
        name = f"{answer.description.digest}.parquet"
        snapshot = Path(temporary) / name
        if not _SNAPSHOT.fullmatch(name) or snapshot.is_symlink() or not snapshot.is_file():
            raise SourceError("file-unreadable", CRASHED)
        durable.move(snapshot, directory / name)
    return ImportedFile(directory / name, answer.description)


def _run(request: bytes, errors: Path, limits: ImportLimits) -> tuple[int, bytes]:
    """Run the other process: its exit code (negative: a signal), and its answer. Its errors go to a new file."""
    with (
        errors.open("wb") as file,
        subprocess.Popen(  # noqa: S603 - this interpreter, our module
            [sys.executable, "-I", "-X", "utf8", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        ) as process,
    ):
        ending = Timer(_WAITS * limits.seconds, process.send_signal, (signal.SIGXCPU,))
        ending.daemon = True
        ending.start()
        try:
            return _talk(process, request)
        finally:
            ending.cancel()
            process.kill()


def _talk(process: subprocess.Popen[bytes], request: bytes) -> tuple[int, bytes]:
    if process.stdin is None or process.stdout is None:
        raise OSError("the process was created without pipes")
    with suppress(BrokenPipeError):
        process.stdin.write(request)
        process.stdin.close()
    answer = process.stdout.read(_ANSWER + 1)
    return (process.wait(), answer) if len(answer) <= _ANSWER else (0, b"")


def _read(content: bytes) -> _Answer:
    """Parse an answer. Raises SourceError for one that is none."""
    try:
        return _ANSWERS.validate_json(content)
    except ValidationError:
        raise SourceError("file-unreadable", CRASHED) from None


def _explain(code: int, errors: Path, limits: ImportLimits) -> SourceError:
    """The error of a process that ended without an answer, by its exit code and its last words."""
    if code == -signal.SIGXCPU:
        detail = f"reading the file takes more than {limits.seconds} seconds; import it in parts, or as Parquet"
        return SourceError("too-large", detail)
    with errors.open("rb") as file:
        words = file.read(_WORDS)
    if code == -signal.SIGABRT and b"crypt" in words:
        return SourceError("file-encrypted", "the file has encrypted parts; save it without encryption")
    if code == -signal.SIGKILL or (code == -signal.SIGABRT and any(word in words for word in _OUT_OF_MEMORY)):
        return too_much_memory(limits.memory)
    return SourceError("file-unreadable", CRASHED)
