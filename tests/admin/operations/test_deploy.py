"""The files of deploy/ and docker-compose.yml work: order, users and rights of the services, the proxy, the unit."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from admin.data_directory import DataDirectory
from admin.server.reaching import find_running, free_port
from exchange.kernel.embedded import account
from tests.support.processes.commands import ROOT, wait_until
from tests.support.processes.readiness import readiness
from tests.support.services.compose import Compose, give
from tests.support.services.opa import certificate
from tests.support.services.postgres import Postgres
from tests.support.services.tools import TOOLS, program, tool

DEPLOY = ROOT / "deploy"


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that the users of several services may enter."""
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


@pytest.fixture
def postgres(place: Path) -> Iterator[Postgres]:
    server = Postgres(place / "server", database="postgres")
    server.start()
    yield server
    server.stop()


def make_secrets(directory: Path, host: str) -> None:
    script = ["sh", str(DEPLOY / "make-secrets.sh"), str(directory)]
    subprocess.run(script, check=True, env={"PATH": os.environ["PATH"], "EXCHANGE_DB_HOST": host})


@contextmanager
def background(command: list[str], port: int) -> Iterator[None]:
    """Run a program that listens on a port until the block ends."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def is_there() -> bool:
        assert process.poll() is None, process.stdout and process.stdout.read()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
            return True
        return False

    try:
        wait_until(is_there, what=f"{command[0]} listens")
        yield
    finally:
        process.terminate()
        process.communicate()


def test_secrets_are_made_once(tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets", "db")
    before = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    make_secrets(tmp_path / "secrets", "elsewhere")
    assert before == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert before["database_url"] == f"postgresql://exchange_server:{before['server_password'].strip()}@db/exchange\n"
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert len({before[name] for name in ("postgres_password", "owner_password", "server_password", "opa_token")}) == 4


def test_every_service_is_hardened_and_production_is_the_default() -> None:
    compose = Compose.read({"EXCHANGE_DEPLOYMENT": "x", "EXCHANGE_PUBLIC_URL": "https://x"}, {})
    for name, service in compose.services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert ("ports" in service) == (name == "proxy"), name
    assert compose.services["api"]["environment"]["EXCHANGE_ENVIRONMENT"] == "production"


@pytest.mark.endurance
def test_the_services_start_in_order_with_their_users_and_rights(place: Path, postgres: Postgres) -> None:
    secrets = place / "secrets"
    make_secrets(secrets, f"127.0.0.1:{postgres.port}")
    secrets.chmod(0o755)  # in a container the files are mounted, not their directory
    public, opa_port, port = free_port(), free_port(), free_port()
    places = {
        "/run/secrets": str(secrets),
        "/var/lib/exchange": str(give(place / "data")),
        "/var/lib/exchange-anchor": str(give(place / "anchor")),
        "/policies": str(give(place / "policies")),
        "opa:8181": f"127.0.0.1:{opa_port}",
        "0.0.0.0:8181": f"127.0.0.1:{opa_port}",
    }
    names = {"EXCHANGE_DEPLOYMENT": "exchange.example.org", "EXCHANGE_PUBLIC_URL": f"https://127.0.0.1:{public}"}
    compose = Compose.read(names, places)
    assert list(compose.order()) == ["db", "upgrade", "policies", "opa", "api", "proxy"]
    programs = account.programs(account.choose())
    roles = {"PATH": f"{programs}:{os.environ['PATH']}", "SECRETS": str(secrets)}
    roles |= {"PGHOST": "127.0.0.1", "PGPORT": str(postgres.port)}
    subprocess.run(["sh", str(DEPLOY / "postgres-roles.sh")], env=roles, check=True)
    assert "it was at None" in compose.run("upgrade")
    compose.run("policies")
    # A further process would start Python anew, and another user of this machine may have no right to do that.
    serve = ("exchange", "serve", "--host", "127.0.0.1", "--port", str(port))
    assert compose.command("api") == ["exchange", "serve", "--host", "0.0.0.0", "--workers", "2"]  # noqa: S104
    data = DataDirectory(place / "data")
    with background([tool("opa"), *compose.command("opa")], opa_port):
        founded = compose.run("api", "exchange", "init", "--code", "12330000MB0000001H")
        assert "The exchange is founded" in founded
        assert "it was at" not in compose.run("upgrade")  # as with every `docker compose up`
        api = compose.start("api", *serve)
        try:
            wait_until(lambda: api.poll() is not None or find_running(data), what="the exchange answers")
            assert api.poll() is None, api.communicate()
            healthy = compose.run("api", "exchange", "health")
            assert f"answers at https://127.0.0.1:{public}" in healthy
            assert "covers every entry" in healthy
            names_of = ("--name-zh", "市科技局", "--name-en", "Science")
            assert "is admitted" in compose.run(
                "api", "exchange", "join", "s", "--code", "12330000MB0000002L", *names_of
            )
            through_the_proxy(place, public=public, port=port)
        finally:
            api.terminate()
            api.communicate()
    assert (place / "data" / "exchange.toml").stat().st_uid == (10001 if os.geteuid() == 0 else os.geteuid())
    assert any((place / "anchor").iterdir())


def through_the_proxy(place: Path, *, public: int, port: int) -> None:
    """Ask the exchange through nginx with the configuration that we ship, where nginx is at hand."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path=f"/usr/sbin:{TOOLS}")
    if nginx is None:
        return
    chain, secret = certificate(place)
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    changes = {
        "/tmp/": f"{place}/",  # noqa: S108
        "listen 8443": f"listen 127.0.0.1:{public}",
        "api:8000": f"127.0.0.1:{port}",
        "/run/secrets/tls_certificate": str(chain),
        "/run/secrets/tls_key": str(secret),
        "client_header_timeout 10s": "client_header_timeout 1s",
    }
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    (place / "nginx.conf").write_text(text, encoding="utf-8")
    context = ssl.create_default_context(cafile=chain)
    with (
        background([nginx, "-c", str(place / "nginx.conf"), "-e", "/dev/stderr", "-g", "daemon off;"], public),
        httpx2.Client(base_url=f"https://127.0.0.1:{public}", verify=context) as client,
    ):
        assert readiness(client.get("/readyz").text) == ["ok"]
        assert client.get("/.well-known/data-exchange").headers["strict-transport-security"]
        assert client.post("/api/v1/deliveries", content=b"x" * 2_000_000).status_code == 413
        with (
            socket.create_connection(("127.0.0.1", public), 30) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as slow,
        ):
            slow.sendall(b"GET / HTTP/1.1\r\n")
            assert slow.recv(1000) == b""  # closed, although the client goes on waiting


def test_the_unit_is_one_that_systemd_accepts(tmp_path: Path) -> None:
    unit = (DEPLOY / "exchange.service").read_text(encoding="utf-8")
    assert "/opt/exchange/bin/exchange " in unit
    file = tmp_path / "exchange.service"
    file.write_text(unit.replace("/opt/exchange/bin/exchange ", f"{sys.executable} "), encoding="utf-8")
    result = subprocess.run(
        [program("systemd-analyze"), "verify", str(file)], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
