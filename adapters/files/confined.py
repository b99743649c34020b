"""The process that imports one file: confines itself, reads, and answers in JSON. Started by process.py only.

It imports neither DuckDB nor pydantic nor numpy, so it starts quickly.
"""

import errno
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from adapters.contract import SourceError
from adapters.files.confinement import confine
from adapters.files.deadline import Deadline
from adapters.files.importing import import_file
from adapters.files.options import ImportOptions

CRASHED: Final = "the reader crashes on this file; save it anew, or as CSV"

_OUTPUT_RATIO: Final = 4  # bytes on disk for one of content: short cells take more as Arrow than as text
_OUTPUT_LEAST: Final = 2**26


def too_much_memory(memory: int) -> SourceError:
    """The error of a process that reached its limit of memory, in bytes."""
    return SourceError(
        "too-large",
        f"reading the file takes more than {memory >> 20} MiB of memory; save the table alone, without stray cells and "
        "long texts, or in parts",
    )


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Import the file: the answer for the process that asked."""
    options = dict(request["options"])
    if options["missing"] is not None:
        options["missing"] = tuple(options["missing"])
    try:
        imported = import_file(
            Path(request["path"]),
            Path(request["directory"]),
            options=ImportOptions(**options),
            deadline=Deadline(request["seconds"]),
        )
    except SourceError as error:
        return _refusal(error)
    except MemoryError:
        return _refusal(too_much_memory(request["memory"]))
    except OSError as error:
        return _refusal(_of_system(error))
    except Exception:  # noqa: BLE001 a defect of a reader is no failure of the exchange
        return _refusal(SourceError("file-unreadable", CRASHED))
    return {"description": asdict(imported.description)}


def _of_system(error: OSError) -> SourceError:
    if error.errno == errno.EFBIG:
        return SourceError("too-large", "the file unpacks to more than may be stored; import it in parts")
    if error.errno == errno.ENOSPC:
        return SourceError("source-failed", "the exchange has no space left for this file; ask its operator")
    return SourceError("file-unreadable", CRASHED)


def _refusal(error: SourceError) -> dict[str, Any]:
    return {"code": error.code, "detail": error.detail, "where": error.where}


def main() -> None:
    """Answer the one request of the standard input."""
    request = json.load(sys.stdin)
    confine(
        memory=request["memory"],
        seconds=request["seconds"],
        output=max(_OUTPUT_RATIO * request["options"]["max_bytes"], _OUTPUT_LEAST),
        readable=[Path(request["path"])],
        writable=Path(request["directory"]),
    )
    json.dump(_answer(request), sys.stdout)
