"""The address of a PostgreSQL database: one server and the login to it, read from a `postgresql://` URL."""

from dataclasses import dataclass, field
from typing import Final

from adapters.contract import SourceError
from adapters.network import Server, Url, normalise_host, read_port, read_url

SSL_MODES: Final = ("disable", "require", "verify-ca", "verify-full")
_PARAMETERS: Final = ("host", "port", "sslmode")
_PORT: Final = 5432


@dataclass(frozen=True, slots=True)
class Login:
    """A database on one server, and the role that logs in. A socket is named by its directory."""

    server: Server
    user: str
    password: str = field(repr=False)
    sslmode: str


def read_address(url: str, *, password: str | None = None) -> Login:
    """Read `postgresql://user[:password]@host[:port]/database?sslmode=…`.

    In place of the host, `?host=` (with `&port=`) names a socket's directory. User and database are required, since the
    driver would take missing ones from its environment. `password` stands in for one left out. Over the network TLS is
    required unless `sslmode=disable`. Raises SourceError option-invalid.
    """
    address = read_url(url)
    if address.scheme not in ("postgresql", "postgres"):
        raise _invalid("the address of the database begins with postgresql://")
    if address.parameters.keys() - set(_PARAMETERS):
        raise _invalid(f"the address may carry only {', '.join(_PARAMETERS)}, each once")
    database = address.path[1:]
    if not address.user or not database or "/" in database:
        raise _invalid("the address names a login and a database: postgresql://login:password@host:port/database")
    host, port = _read_host_and_port(address)
    sslmode = address.parameters.get("sslmode", "disable" if host.startswith("/") else "require")
    if sslmode not in SSL_MODES:
        raise _invalid(f"sslmode is one of {', '.join(SSL_MODES)}")
    written = address.password if password is None else password
    return Login(Server(host, port, database), address.user, written, sslmode)


def _read_host_and_port(address: Url) -> tuple[str, int]:
    parameters = address.parameters
    if (address.host and "host" in parameters) or (address.port and "port" in parameters):
        raise _invalid("the address names two servers")
    if address.port and "host" in parameters:
        raise _invalid("the address names a port without its server")
    host = normalise_host(address.host or parameters.get("host", ""))
    if ".s.PGSQL." in host:
        raise _invalid("a socket is named by its directory")  # the driver would take a file for the server itself
    return host, read_port(address.port or parameters.get("port"), _PORT)


def _invalid(detail: str) -> SourceError:
    return SourceError("option-invalid", detail)
