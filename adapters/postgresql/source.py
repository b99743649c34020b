"""Connect to a PostgreSQL server, and turn its errors into SourceError.

A connection uses the owner's address alone: neither the environment nor files of this machine (`.pgpass`, client
certificates, service files) lend it a login. A message of the server can quote a row, so only its SQLSTATE is passed on.
"""

import asyncio
import os
import ssl
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg

from adapters.contract import Code, SourceError
from adapters.network import Gate, resolve_admitted
from adapters.postgresql.address import Login, read_address

_CONNECT_SECONDS: Final = 10.0
_IDLE_MILLISECONDS: Final = 600_000
_RESERVED: Final = (
    "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = 'public' AND c.relname = ANY($1::text[])"
)

CHANGED: Final = "source-changed"
"""The text that a statement fails to read as a boolean where the types of its columns have changed."""

TOO_LARGE: Final = "answer-too-large"
"""The text that a statement fails to read as a boolean where its answer has too many bytes."""

CONNECTION_ERRORS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


@dataclass(frozen=True, slots=True)
class PgSource:
    """A table or view of a server.

    `url` is an address for `read_address`; `password` stands in for one left out of it. `time_zone` (IANA name) is the zone
    of timestamps without one. `statement_seconds` limits each statement and each batch of a scan. `connections` serve
    short reads, and `streams` more serve scans, one each. Each new connection passes `gate`.
    """

    url: str = field(repr=False)
    table: str
    schema: str = "public"
    password: str | None = field(default=None, repr=False)
    time_zone: str = "UTC"
    statement_seconds: float = 60.0
    connections: int = 8
    streams: int = 4
    gate: Gate | None = field(default=None, repr=False)
    login: Login = field(init=False)

    def __post_init__(self) -> None:
        """Raises SourceError option-invalid for a URL, time zone or name that is not valid."""
        object.__setattr__(self, "login", read_address(self.url, password=self.password))
        if any(not name or "\0" in name for name in (self.table, self.schema)):
            raise SourceError("option-invalid", "a table and its schema have names")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise SourceError("option-invalid", "the time zone is not an IANA name such as Asia/Shanghai") from None

    def pool(self) -> Any:
        """A pool that connects on first use. Its sessions are read-only and look up names in pg_catalog alone."""
        return asyncpg.create_pool(
            connect=self._connect,
            min_size=0,
            max_size=self.connections + self.streams,
            command_timeout=self.statement_seconds + 5,
            # Sessions have no state between statements, so resetting them would waste a round trip.
            reset=_leave,
            server_settings={
                "application_name": "data-exchange",
                "default_transaction_read_only": "on",
                "statement_timeout": str(int(self.statement_seconds * 1000)),
                "idle_in_transaction_session_timeout": str(_IDLE_MILLISECONDS),
                "search_path": "pg_catalog",
                "timezone": "UTC",
                "datestyle": "ISO",
                "intervalstyle": "iso_8601",
                "jit": "off",
                "standard_conforming_strings": "on",
            },
        )

    async def _connect(self, _url: None, **options: Any) -> Any:
        """Connect to the addresses that the gate admitted, and refuse a database with the reserved tables."""
        login, server = self.login, self.login.server
        async with asyncio.timeout(_CONNECT_SECONDS):
            addresses = await resolve_admitted(server, self.gate)
            connection = await asyncpg.connect(
                host=[str(address) for address in addresses] or [server.host],
                port=server.port,
                user=login.user,
                password=login.password,
                database=server.database,
                passfile=os.devnull,
                ssl=_tls(login),
                direct_tls=False,
                target_session_attrs="any",
                **options,
            )
            reserved = self.gate.reserved if self.gate is not None else frozenset()
            if reserved and await connection.fetchval(_RESERVED, list(reserved)) == len(reserved):
                connection.terminate()
                raise SourceError("host-not-allowed", "a database of an exchange itself is no source")
            return connection


class _NamedContext(ssl.SSLContext):
    """TLS to a server that is connected by address and verified by name."""

    server_name: str

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - the signature of its base
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Wrap with the name in place of the address."""
        del server_hostname
        return super().wrap_bio(incoming, outgoing, server_side, self.server_name, session)


def _tls(login: Login) -> ssl.SSLContext | bool:
    """The TLS context for `sslmode`. The driver's own would look for keys in the home directory."""
    if login.sslmode == "disable":
        return False
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = login.server.host
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = login.sslmode == "verify-full"
    if login.sslmode == "require":
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_default_certs()
    return context


async def _leave(_connection: Any) -> None:
    """Leave a returned connection as it is."""


_MEANINGS: Final[tuple[tuple[tuple[type[BaseException], ...], Code, str], ...]] = (
    (
        (asyncpg.InvalidAuthorizationSpecificationError,),
        "source-denied",
        "the server refuses the role or its password",
    ),
    ((asyncpg.InsufficientPrivilegeError,), "source-denied", "the role may not read this table"),
    ((asyncpg.InvalidCatalogNameError,), "source-unreachable", "the server has no such database"),
    ((asyncpg.QueryCanceledError,), "source-timeout", "the statement took too long"),
    (
        (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError),
        "relation-missing",
        "there is no such table or view",
    ),
    (
        (
            asyncpg.UndefinedColumnError,
            asyncpg.DatatypeMismatchError,
            asyncpg.UndefinedFunctionError,
            asyncpg.InvalidCachedStatementError,
        ),
        "source-changed",
        "a described column is gone or has another type",
    ),
    (
        (asyncpg.TooManyConnectionsError, asyncpg.CannotConnectNowError, asyncpg.AdminShutdownError),
        "source-unreachable",
        "the server takes no connections at the moment",
    ),
)


_CHECKS: Final[dict[str, tuple[Code, str]]] = {
    CHANGED: ("source-changed", "a described column has another type"),
    TOO_LARGE: ("too-large", "the rows hold too many bytes for one answer; ask for fewer rows or fields"),
}


def as_source_error(error: BaseException) -> SourceError:
    """Turn a failure of the driver or the server into a SourceError, without the server's message."""
    if isinstance(error, asyncpg.InvalidTextRepresentationError):
        for mark, (code, detail) in _CHECKS.items():
            if f'"{mark}"' in str(error):
                return SourceError(code, detail)
    for kinds, code, detail in _MEANINGS:
        if isinstance(error, kinds):
            return SourceError(code, detail)
    return _of_connection(error)


def _of_connection(error: BaseException) -> SourceError:
    if isinstance(error, asyncpg.PostgresError):
        return SourceError("source-failed", "the server reported an error", f"SQLSTATE {error.sqlstate}")
    if isinstance(error, ssl.SSLError):
        return SourceError("source-unreachable", "TLS with the server fails, or its certificate is not accepted")
    if type(error) is ConnectionError:  # raised by the driver itself; the network's failures are subclasses
        return SourceError("source-unreachable", "the server has no TLS; sslmode=disable does without")
    if isinstance(error, TimeoutError):
        return SourceError("source-timeout", "the server did not answer in time")
    return SourceError("source-unreachable", "no connection to the server")
