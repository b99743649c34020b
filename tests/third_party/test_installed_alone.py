"""The wheel by itself: installed into an environment of its own, with what the package needs and nothing of the server.

There an auditor verifies a ledger, and a consuming system fetches from a server that another environment runs.
"""

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from admin.data_directory import DataDirectory
from admin.server import reaching
from tests.support.ledgers.log_server import serve_log
from tests.support.ledgers.logs import Log
from tests.support.processes.commands import run as exchange

pytestmark = pytest.mark.endurance

ROOT = Path(__file__).parents[2]
SERVER = [
    "alembic",
    "asyncpg",
    "cachetools",
    "duckdb",
    "fastapi",
    "orjson",
    "pyarrow",
    "sqlalchemy",
    "starlette",
    "uvicorn",
]


def run(*command: str | Path, status: int = 0, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    result = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=240, check=False, cwd=cwd)
    assert result.returncode == status, result.stdout + result.stderr
    return result


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    build = ("wheel", "-q", "--no-deps", "--no-build-isolation", "-w", directory)
    run(sys.executable, "-m", "pip", "--disable-pip-version-check", *build, ROOT)
    [path] = directory.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of programs of a fresh environment, with the locked versions of the package's own dependencies."""
    directory = tmp_path_factory.mktemp("alone")
    run(sys.executable, "-m", "venv", directory)
    python = directory / "bin" / "python"
    install = (python, "-m", "pip", "--disable-pip-version-check", "install", "-q")
    run(*install, "-r", ROOT / "requirements" / "pip.txt")
    # Constraints have no hashes and no extras, as pip demands; the other locks state the right files.
    locked = (ROOT / "requirements" / "server.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split(" ")[0].split(";")[0] for line in locked if "==" in line and not line.startswith(" ")]
    constraints = directory / "constraints.txt"
    constraints.write_text("\n".join(pin for pin in pins if "[" not in pin), encoding="utf-8")
    run(*install, "-c", constraints, wheel)
    return directory / "bin"


def test_the_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packages = ("exchange", "policies", "ledger", "signatures", "groundwork", "adapters", "admin", "client")
    listed = run("git", "-C", ROOT, "ls-files", "-z", "--", *packages).stdout.split("\0")
    assert {name.removeprefix("client/") for name in listed if name} <= names


def test_the_verifier_works_without_the_server(alone: Path, tmp_path: Path) -> None:
    program = f"import importlib.util as u; print([n for n in {SERVER} if u.find_spec(n)])"
    assert run(alone / "python", "-c", program, cwd=tmp_path).stdout.strip() == "[]"
    log = Log.signed_at(100, 700)
    directory = log.write(tmp_path / "export")
    verified = run(alone / "ledger", "verify", directory, "--vkey", log.signer.vkey, cwd=tmp_path)
    assert verified.stdout.startswith("OK: all 700 entries")
    assert '"n":37' in run(alone / "ledger", "show", directory, "37").stdout.replace(" ", "")
    with serve_log(log) as server:
        assert run(alone / "ledger", "verify", server.url).stdout.startswith("OK: all 700 entries")
        run(alone / "ledger", "export", tmp_path / "mirror", "--url", server.url)
    (directory / "tile/entries/001").write_bytes(b"")
    assert "entry-missing" in run(alone / "ledger", "verify", directory, status=1).stdout


def test_the_operators_command_names_what_it_needs(alone: Path, tmp_path: Path) -> None:
    assert "publish" in run(alone / "exchange", "--help", cwd=tmp_path).stdout
    refused = run(alone / "exchange", "health", status=1, cwd=tmp_path).stderr
    assert "pip install 'FILE.whl[server]'" in refused
    assert "Traceback" not in refused


@dataclass(frozen=True)
class Demonstration:
    """A demonstration's exchange, being served, and the key of its platform."""

    url: str
    key: Path


@pytest.fixture(scope="module")
def demonstration() -> Iterator[Demonstration]:
    # The directory is outside pytest's, since the embedded database may run as another user.
    with tempfile.TemporaryDirectory(prefix="exchange-alone-") as name:
        result = exchange("demo", "--directory", Path(name) / "demo")
        assert result.status == 0, result.out + result.err
        directory = DataDirectory(Path(name) / "demo" / "exchange")
        server = reaching.start(directory)
        yield Demonstration(server.url, directory.key_file("demo-platform-system"))
        server.stop()


def test_a_consuming_system_works_without_the_server(alone: Path, demonstration: Demonstration, tmp_path: Path) -> None:
    def client(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return run(alone / "exchange-client", *words, cwd=tmp_path)

    own = json.loads(client("keygen", "system.pem").stdout)
    assert json.loads(client("keyid", "system.pem").stdout) == own
    at = ("--url", demonstration.url)
    assert "demo-education/universities" in client("catalog", *at).stdout
    question = ("demo-education/universities", "--purpose", "talent-service", "--key", demonstration.key, *at)
    fetched = client("fetch", *question, "--format", "csv", "-o", "data.csv", "--evidence", "data.json")
    assert "verified" in fetched.stderr
    assert len((tmp_path / "data.csv").read_text(encoding="utf-8").splitlines()) > 100
    assert "verified" in client("verify", "data.csv", "--evidence", "data.json").stdout
    index = json.loads((tmp_path / "data.json").read_text())["fields"]["exchange-entry"]
    assert json.loads(client("receipt", index, *at).stdout)["type"] == "delivery.started"
    library = (
        "from data_exchange_client import Client, SigningKey\n"
        f"with Client({demonstration.url!r}, SigningKey.load({str(demonstration.key)!r}), trust='exchange.trust.json') as c:\n"
        "    delivery = c.fetch('demo-education/universities', purpose='talent-service', limit=3)\n"
        "    assert len(list(delivery.rows())) == 3\n"
        "    print(c.receipt(delivery.entry).body['type'])\n"
    )
    assert run(alone / "python", "-c", library, cwd=tmp_path).stdout == "delivery.completed\n"
    run(alone / "ledger", "export", "mirror", *at, cwd=tmp_path)
    assert run(alone / "ledger", "verify", "mirror", cwd=tmp_path).stdout.startswith("OK")
