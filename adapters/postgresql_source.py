"""How to reach a PostgreSQL server, and its errors in our words.

An owner names the server, so only what a connection needs is taken from the URL: the driver's other parameters would
let it read files of this machine. A message of the server can quote a row: none is passed on, only the SQLSTATE.
"""

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg

from adapters.contract import Code, SourceError

_URL_PARAMETERS: Final = frozenset({"host", "port", "sslmode"})
_CONNECT_SECONDS: Final = 10.0
_IDLE_MILLISECONDS: Final = 600_000

CONNECTION_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class PgSource:
    """A table or view of a server.

    `url` is `postgresql://user[:password]@host[:port]/database`; `password` stands in for one left out of it.
    `time_zone` (IANA name) is where timestamps without a zone were written. `statement_seconds` bounds every statement
    and every batch of a scan.
    """

    url: str = field(repr=False)
    table: str
    schema: str = "public"
    password: str | None = field(default=None, repr=False)
    time_zone: str = "UTC"
    statement_seconds: float = 60.0
    connections: int = 8

    def __post_init__(self) -> None:
        """Refuses (SourceError option-invalid) a URL, zone or name that cannot be meant."""
        try:
            parts = urlsplit(self.url)
            parameters = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        except ValueError:
            raise SourceError("option-invalid", "the address of the database cannot be read") from None
        if parts.scheme not in ("postgresql", "postgres"):
            raise SourceError("option-invalid", "the address of the database begins with postgresql://")
        if parameters.keys() - _URL_PARAMETERS:
            raise SourceError("option-invalid", f"the address may carry only {', '.join(sorted(_URL_PARAMETERS))}")
        if any(not name or "\0" in name for name in (self.table, self.schema)):
            raise SourceError("option-invalid", "a table and its schema have names")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise SourceError("option-invalid", "the time zone is not an IANA name such as Asia/Shanghai") from None

    def pool(self) -> Any:
        """A pool that connects on first use; every session is read-only and resolves names in pg_catalog alone."""
        return asyncpg.create_pool(
            self.url,
            min_size=0,
            max_size=self.connections,
            password=self.password,
            timeout=_CONNECT_SECONDS,
            command_timeout=self.statement_seconds + 5,
            # Sessions hold no state between statements, so the round trip that would clear it is saved.
            reset=_keep,
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
            },
        )


async def _keep(_connection: Any) -> None:
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
        (asyncpg.UndefinedColumnError, asyncpg.DatatypeMismatchError, asyncpg.UndefinedFunctionError),
        "source-changed",
        "a column is gone or has another type than when it was described",
    ),
    (
        (asyncpg.TooManyConnectionsError, asyncpg.CannotConnectNowError, asyncpg.AdminShutdownError),
        "source-unreachable",
        "the server takes no connections at the moment",
    ),
)


def as_source_error(error: BaseException) -> SourceError:
    """A failure of the driver or the server as a SourceError, without the server's words."""
    for kinds, code, detail in _MEANINGS:
        if isinstance(error, kinds):
            return SourceError(code, detail)
    if isinstance(error, asyncpg.PostgresError):
        return SourceError("source-failed", "the server reported an error", f"SQLSTATE {error.sqlstate}")
    if isinstance(error, TimeoutError):
        return SourceError("source-timeout", "the server did not answer in time")
    return SourceError("source-unreachable", "no connection to the server")
