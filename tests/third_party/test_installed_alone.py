"""The verifier by itself: installed as an auditor would, with what the package needs and nothing of the server."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ledgers.log_server import served
from tests.support.ledgers.logs import Log

pytestmark = pytest.mark.endurance

ROOT = Path(__file__).parents[2]
SERVER = [
    "alembic",
    "asyncpg",
    "duckdb",
    "fastapi",
    "orjson",
    "pyarrow",
    "sqlalchemy",
    "starlette",
    "uvicorn",
]


def run(*command: str | Path, status: int = 0) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of programs of a fresh environment, with the locked versions of the package's own dependencies."""
    directory = tmp_path_factory.mktemp("alone")
    run(sys.executable, "-m", "venv", directory)
    python = directory / "bin" / "python"
    install = (python, "-m", "pip", "--disable-pip-version-check", "install", "-q")
    run(*install, "-r", ROOT / "requirements" / "pip.txt")
    # As constraints, without hashes: pip takes no extras there, and which files are right is for the other locks to say.
    locked = (ROOT / "requirements" / "server.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split(" ")[0].split(";")[0] for line in locked if "==" in line and not line.startswith(" ")]
    constraints = directory / "constraints.txt"
    constraints.write_text("\n".join(pin for pin in pins if "[" not in pin), encoding="utf-8")
    run(*install, "-c", constraints, ROOT)
    return directory / "bin"


def test_the_verifier_installs_and_works_without_the_server(alone: Path, tmp_path: Path) -> None:
    found = run(alone / "python", "-c", f"import importlib.util as u; print([n for n in {SERVER} if u.find_spec(n)])")
    assert found.strip() == "[]"
    log = Log.signed_at(100, 700)
    directory = log.write(tmp_path / "export")
    assert run(alone / "ledger", "verify", directory, "--vkey", log.signer.vkey).startswith("OK: all 700 entries")
    assert '"n":37' in run(alone / "ledger", "show", directory, "37").replace(" ", "")
    with served(log) as server:
        assert run(alone / "ledger", "verify", server.url).startswith("OK: all 700 entries")
        run(alone / "ledger", "export", tmp_path / "mirror", "--url", server.url)
    (directory / "tile/entries/001").write_bytes(b"")
    assert "entry-missing" in run(alone / "ledger", "verify", directory, status=1)
