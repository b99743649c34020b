"""The process that imports a file: it gives what an import gives, has nothing of the exchange, and ends at its limits."""

import json
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.contract import SourceError
from adapters.files import process
from adapters.files.importing import import_file
from adapters.files.options import ImportOptions
from adapters.files.process import import_bounded
from adapters.kind import ImportLimits

PEOPLE = "编号,姓名,入职\n007,张三,2024-02-01\n008,李四,-\n"

CONFINED = """
import json, os, socket, subprocess, sys
from pathlib import Path
from adapters.files.confinement import confine
request = json.load(sys.stdin)
confine(memory=256 << 20, seconds=20, output=1000, readable=[Path(request["file"])], writable=Path(request["directory"]))
acts = {
    "read the file": lambda: Path(request["file"]).read_bytes(),
    "write beside it": lambda: (Path(request["directory"]) / "new").write_bytes(b"x"),
    "load a module": lambda: __import__("colorsys"),
    "use threads": lambda: __import__("pyarrow").array(range(10)).cast("string"),
    "read a key": lambda: Path(request["key"]).read_bytes(),
    "read the server's environment": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "connect": lambda: socket.create_connection(("127.0.0.1", request["port"])),
    "end the server": lambda: os.kill(os.getppid(), 15),
    "start a program": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    "write much": lambda: (Path(request["directory"]) / "much").write_bytes(b"x" * 2000),
    "take memory": lambda: bytearray(512 << 20),
}
outcomes = {}
for name, act in acts.items():
    try:
        act()
        outcomes[name] = True
    except (OSError, MemoryError):
        outcomes[name] = False
print(json.dumps(outcomes))
"""


def bounded(path: Path, directory: Path, limits: ImportLimits | None = None, **options: Any) -> Any:
    return import_bounded(path, directory, ImportOptions(**options), limits or ImportLimits()).description


def make_workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["name", "age"], ["a", 1], ["b", 2]):
        book.active.append(row)
    book.save(path)


def test_it_describes_each_kind_of_file_as_an_import_in_this_process_does(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "people.jsonl").write_text('{"id": 1, "name": "a"}\n{"id": 2, "name": null}\n')
    pq.write_table(pa.table({"id": [1, 2], "tags": [["x"], None]}), tmp_path / "people.parquet")
    make_workbook(tmp_path / "people.xlsx")
    for path in sorted(tmp_path.iterdir()):
        if path.is_file():
            options = ImportOptions(missing=("-",))
            expected = import_file(path, tmp_path / "here", options=options)
            assert bounded(path, tmp_path / "there", missing=("-",)) == expected.description
            assert (tmp_path / "there" / expected.path.name).read_bytes() == expected.path.read_bytes()


def test_a_relative_path_is_read_in_any_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_workbook(tmp_path / "people.xlsx")
    monkeypatch.chdir(tmp_path)
    assert bounded(Path("people.xlsx"), Path("snapshots")).rows == 2


def test_a_confined_process_reads_one_file_and_reaches_nothing_else(tmp_path: Path) -> None:
    work, keys = tmp_path / "work", tmp_path / "keys"
    work.mkdir()
    keys.mkdir()
    (tmp_path / "upload.csv").write_text(PEOPLE)
    (keys / "seal.key").write_bytes(b"secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        request = {
            "file": str(tmp_path / "upload.csv"),
            "directory": str(work),
            "key": str(keys / "seal.key"),
            "port": server.getsockname()[1],
        }
        result = subprocess.run(
            [sys.executable, "-I", "-c", CONFINED],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=True,
        )
    outcomes = json.loads(result.stdout)
    permitted = {name for name, is_permitted in outcomes.items() if is_permitted}
    assert permitted == {"read the file", "write beside it", "load a module", "use threads"}


def test_the_process_has_no_environment_of_the_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", "postgresql://u:s3cret@db.example.org/d")
    (tmp_path / "people.csv").write_text(PEOPLE)
    environments: list[dict[str, str]] = []

    class Recording(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            while not (environment := Path(f"/proc/{self.pid}/environ").read_bytes()):
                pass  # the system shows it at the end of execve(2), and the process waits for its request after that
            environments.append(dict(item.split("=", 1) for item in environment.decode().split("\0") if item))

    monkeypatch.setattr(subprocess, "Popen", Recording)
    assert bounded(tmp_path / "people.csv", tmp_path / "snapshots").rows == 2
    assert [sorted(environment) for environment in environments] == [["ARROW_DEFAULT_MEMORY_POOL"]]


def test_the_process_loads_no_library_that_it_does_without(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE)
    request = {
        "path": str(tmp_path / "people.csv"),
        "directory": str(tmp_path),
        "options": asdict(ImportOptions()),
        "memory": 1 << 30,
        "seconds": 20,
    }
    done = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", "-c", process._PROGRAM],
        input=json.dumps(request),
        env={"ARROW_DEFAULT_MEMORY_POOL": "system"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["description"]["rows"] == 2
    loaded = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]
    packages = {name.partition(".")[0] for name in loaded if "." in name}  # one that is hidden is listed without parts
    assert "pyarrow" in packages
    assert not packages & {"numpy", "pandas", "duckdb", "pydantic", "sqlalchemy"}


@pytest.mark.endurance
def test_a_file_that_unpacks_to_much_ends_at_the_limit_of_memory(tmp_path: Path) -> None:
    # A megabyte a cell, written once: 600 MiB of nested text.
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"a": pa.array([["x" * 2**20] * 20] * 30)}), path, compression="zstd")
    assert path.stat().st_size < 2**20
    with pytest.raises(SourceError) as caught:
        bounded(path, tmp_path / "snapshots", ImportLimits(memory=256 << 20))
    assert caught.value.code == "too-large"
    assert "256 MiB" in caught.value.detail
    assert list((tmp_path / "snapshots").iterdir()) == []


def test_a_slow_file_ends_at_the_limit_of_time(tmp_path: Path) -> None:
    path = tmp_path / "slow.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n\n" * 3_000_000)
    with pytest.raises(SourceError) as caught:
        bounded(path, tmp_path / "snapshots", ImportLimits(seconds=1))
    assert caught.value.code == "too-large"
    assert "1 seconds" in caught.value.detail
    assert list((tmp_path / "snapshots").iterdir()) == []


def test_a_refusal_names_its_place(tmp_path: Path) -> None:
    (tmp_path / "ragged.csv").write_text("a,b,c\n1,2,3\n4,5\n6,7,8\n")
    with pytest.raises(SourceError) as caught:
        bounded(tmp_path / "ragged.csv", tmp_path / "snapshots")
    assert (caught.value.code, caught.value.where) == ("row-ragged", "line 3")
    assert list((tmp_path / "snapshots").iterdir()) == []
