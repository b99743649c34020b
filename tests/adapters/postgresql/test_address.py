"""Addresses of PostgreSQL: each is one server, the gate sees it before a connection, and no login comes from elsewhere."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.contract import SourceError
from adapters.network import Address, Gate, Server
from adapters.postgresql.adapter import PostgresAdapter
from adapters.postgresql.address import Login, read_address
from adapters.postgresql.source import PgSource

REFUSED = {
    "another scheme": "http://u@h/d",
    "no scheme": "nonsense",
    "nothing": "",
    "no server": "postgresql:///d",
    "no login": "postgresql://h/d",
    "no database": "postgresql://u@h",
    "a path below the database": "postgresql://u@h/d/e",
    "a host given twice": "postgresql://u@/d?host=allowed&host=evil",
    "a host given twice, in capitals": "postgresql://u@/d?host=allowed&HOST=evil",
    "a host beside the server": "postgresql://u@allowed/d?host=evil",
    "an empty host beside the server": "postgresql://u@allowed/d?host=",
    "a port beside the server's": "postgresql://u@allowed:1/d?port=2",
    "a port without its server": "postgresql://u@:1/d?host=allowed",
    "a list of servers": "postgresql://u@allowed:5432,evil:5432/d",
    "a list of servers with a login in it": "postgresql://u@evil:5432,x@allowed/d",
    "a list in the parameter": "postgresql://u@/d?host=allowed,evil",
    "a list of ports": "postgresql://u@allowed/d?port=1,2",
    "a second @": "postgresql://u:p@evil@allowed/d",
    "a host in percents": "postgresql://u@%2Ftmp/d",
    "a fragment": "postgresql://u@allowed#@evil/d",
    "a backslash": "postgresql://u@allowed\\\\@evil/d",
    "a line end": "postgresql://u@allow\ned/d",
    "a space": "postgresql://u@allowed /d",
    "an open bracket": "postgresql://u@[h/d",
    "a zone": "postgresql://u@[fe80::1%25eth0]/d",
    "a name beside brackets": "postgresql://u@[::1]x/d",
    "port nought": "postgresql://u@h:0/d",
    "a port beyond the last": "postgresql://u@h:65536/d",
    "a port in words": "postgresql://u@h/d?port=five",
    "a socket with a way back": "postgresql://u@/d?host=/run/../tmp",
    "a socket with an end slash": "postgresql://u@/d?host=/tmp/",
    "a socket's file": "postgresql://u@/d?host=/tmp/.s.PGSQL.5432",
    "a relative path": "postgresql://u@/d?host=tmp/x",
    "a file of passwords": "postgresql://u@h/d?passfile=/etc/passwd",
    "a file of certificates": "postgresql://u@h/d?sslrootcert=/etc/passwd",
    "a service": "postgresql://u@h/d?service=s",
    "a login in the parameters": "postgresql://u@h/d?user=v",
    "TLS if it happens to be there": "postgresql://u@h/d?sslmode=prefer",
    "a parameter without a value": "postgresql://u@h/d?sslmode",
    "a NUL in the login": "postgresql://u%00@h/d",
    "bytes that are no text": "postgresql://u%ff@h/d",
}


@pytest.mark.parametrize("url", REFUSED.values(), ids=REFUSED)
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(SourceError) as caught:
        PgSource(url, "people")
    assert caught.value.code == "option-invalid"
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "login"),
    [
        ("postgresql://u:p@DB.Example.org./d", Login(Server("db.example.org", 5432, "d"), "u", "p", "require")),
        ("postgres://u@10.1.2.3:6432/d?sslmode=disable", Login(Server("10.1.2.3", 6432, "d"), "u", "", "disable")),
        ("postgresql://u:p%40%2F,x@[0:0::1]/%E4%BA%BA", Login(Server("::1", 5432, "人"), "u", "p@/,x", "require")),
        ("postgresql://u:@/d?host=/run/postgresql", Login(Server("/run/postgresql", 5432, "d"), "u", "", "disable")),
        ("postgresql://u@/d?host=db&port=7&sslmode=verify-full", Login(Server("db", 7, "d"), "u", "", "verify-full")),
    ],
)
def test_an_address_is_one_server_and_a_login(url: str, login: Login) -> None:
    assert read_address(url) == login


def test_no_password_is_shown() -> None:
    assert "s3cret" not in repr(PgSource("postgresql://u:s3cret@h/d", "people"))


def test_a_separate_password_replaces_that_of_the_address() -> None:
    assert read_address("postgresql://u@h/d", password="apart").password == "apart"


async def refusal(source: PgSource) -> SourceError:
    adapter = PostgresAdapter(source)
    with pytest.raises(SourceError) as caught:
        await adapter.describe()
    await adapter.close()
    return caught.value


async def test_the_gate_sees_the_addresses_before_a_connection(owner_url: str) -> None:
    resolved: list[tuple[str, Sequence[Address]]] = []

    async def admit(server: Server, addresses: Sequence[Address]) -> None:
        resolved.append((server.host, addresses))
        if not server.is_socket:
            raise SourceError("host-not-allowed", "not there")

    error = await refusal(PgSource("postgresql://u@localhost:9/d", "people", gate=Gate(admit)))
    assert error.code == "host-not-allowed"
    adapter = PostgresAdapter(PgSource(owner_url, "people", gate=Gate(admit)))
    assert (await adapter.describe()).fields
    await adapter.close()
    assert resolved[0][0] == "localhost"
    assert all(address.is_loopback for address in resolved[0][1])
    assert resolved[1][0].startswith("/")
    assert not resolved[1][1]


async def test_a_database_with_the_reserved_tables_is_refused(owner_url: str) -> None:
    async def admit(_server: Server, _addresses: Sequence[Address]) -> None:
        return

    gate = Gate(admit, reserved=frozenset({"people", "people_view"}))
    assert (await refusal(PgSource(owner_url, "people", gate=gate))).code == "host-not-allowed"
    adapter = PostgresAdapter(PgSource(owner_url, "people", gate=Gate(admit, frozenset({"people", "ledger_head"}))))
    assert (await adapter.describe()).fields
    await adapter.close()


@asynccontextmanager
async def answering(answer: bytes, context: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that answers the request for TLS, and records what it receives."""
    received: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readexactly(8))
        writer.write(answer)
        if context is not None:
            try:
                await writer.start_tls(context)
                received.append(await reader.read(1000))
            except (ssl.SSLError, ConnectionError):
                received.append(b"no TLS")
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], received


async def test_no_password_is_sent_without_tls_by_default() -> None:
    async with answering(b"N") as (port, received):
        error = await refusal(PgSource(f"postgresql://u:secret@localhost:{port}/d", "people"))
    assert error.code == "source-unreachable"
    assert "sslmode=disable" in error.detail
    assert received == [b"\x00\x00\x00\x08\x04\xd2\x16\x2f"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key with a certificate for `localhost` that it signed itself."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    return path


@pytest.mark.parametrize(
    ("sslmode", "host", "is_trusted", "gets_through"),
    [
        ("require", "localhost", False, True),
        ("verify-full", "localhost", False, False),
        ("verify-full", "localhost", True, True),
        ("verify-ca", "127.0.0.1", True, True),
        ("verify-full", "127.0.0.1", True, False),
    ],
)
async def test_certificates_are_verified_against_the_name(
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    sslmode: str,
    host: str,
    is_trusted: bool,  # noqa: FBT001 - a column of the table
    gets_through: bool,  # noqa: FBT001
) -> None:
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with answering(b"S", context) as (port, received):
        error = await refusal(PgSource(f"postgresql://somebody@{host}:{port}/d?sslmode={sslmode}", "people"))
    assert (b"somebody" in received[-1]) is gets_through
    assert ("certificate" not in error.detail) is gets_through


async def test_no_login_comes_from_the_environment_or_the_home_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".pgpass").write_text("*:*:*:*:lent\n")
    (tmp_path / ".pgpass").chmod(0o600)
    (tmp_path / "service").write_text("[s]\nhost=elsewhere\npassword=lent\n")
    environment = {"PGPASSWORD": "lent", "PGPASSFILE": tmp_path / ".pgpass", "PGSERVICE": "s", "HOME": tmp_path}
    environment |= {
        "PGSERVICEFILE": tmp_path / "service",
        "PGHOST": "elsewhere",
        "PGUSER": "lent",
        "PGSSLMODE": "verify-full",
    }
    environment |= {
        "PGSSLCERT": tmp_path / "none",
        "PGDATABASE": "lent",
        "PGTARGETSESSIONATTRS": "standby",
        "PGPORT": "1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))
    received: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(1000))
        writer.write(b"R\x00\x00\x00\x08\x00\x00\x00\x03")  # asks for the password in the clear
        received.append(await reader.read(1000))
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await refusal(PgSource(f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable", "people"))
    assert b"user\x00u\x00" in received[0]
    assert b"database\x00d\x00" in received[0]
    assert received[1] == b"p\x00\x00\x00\x05\x00"
    assert b"lent" not in b"".join(received)
