"""The address of a PostgreSQL server, read once and strictly.

An owner writes the address and an operator decides where it may lead. Two readers who understand one URL differently
are a way past the operator, so it is read here into exactly one server; that one is checked, and the driver is given its
parts and never the URL.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from posixpath import normpath
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from adapters.contract import SourceError

Address: TypeAlias = IPv4Address | IPv6Address

SSL_MODES: Final = ("disable", "require", "verify-ca", "verify-full")
_PARAMETERS: Final = ("host", "port", "sslmode")
_PORT: Final = 5432
_PLAIN: Final = re.compile(r"[!-\[\]-~\u00a1-\U0010ffff]+")  # no space, no control character, no backslash
_NETLOC: Final = re.compile(r"(?:(?P<login>[^@]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^@:\[\],%]*)(?::(?P<port>[0-9]+))?")
_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


@dataclass(frozen=True, slots=True)
class Server:
    """One server and the login to it. `host` is a name in lower case, an address, or the directory of a Unix socket."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    sslmode: str

    @property
    def is_socket(self) -> bool:
        """Whether it is reached through a Unix socket."""
        return self.host.startswith("/")


@dataclass(frozen=True, slots=True)
class Gate:
    """Where connections may lead, which the operator decides.

    `admit` is given the server and every address that it resolves to (none for a socket), and raises SourceError
    host-not-allowed. A database with every table of `reserved` in its schema `public` is refused once connected.
    """

    admit: Callable[[Server, Sequence[Address]], Awaitable[None]]
    reserved: frozenset[str] = frozenset()


def read_address(url: str, *, password: str | None = None) -> Server:
    """The server of `postgresql://user[:password]@host[:port]/database?sslmode=…`.

    In place of the host, `?host=` (with `&port=`) names a socket's directory; both at once, a parameter given twice and
    a list of hosts are refused, as is anything left to the surroundings of the process: login and database are
    named. `password` stands in for one left out. Over the network TLS is required unless `sslmode=disable`.
    Raises SourceError option-invalid.
    """
    try:
        parts = urlsplit(url) if _PLAIN.fullmatch(url) and "#" not in url else None
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)) if parts else []
        found = _NETLOC.fullmatch(parts.netloc) if parts else None
        if parts is None or found is None:
            raise ValueError(url)
        database = unquote(parts.path[1:], errors="strict")
        login, _, secret = (found["login"] or "").partition(":")
        user, written = unquote(login, errors="strict"), unquote(secret, errors="strict")
    except ValueError:
        raise _invalid("the address of the database cannot be read") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise _invalid("the address of the database begins with postgresql://")
    parameters = dict(given)
    if parameters.keys() - set(_PARAMETERS) or len(parameters) != len(given):
        raise _invalid(f"the address may carry only {', '.join(_PARAMETERS)}, each once")
    host, port = _host_and_port(found["host"], found["port"], parameters)
    if not user or not database or "/" in database or any("\0" in text for text in (user, written, database)):
        raise _invalid("the address names a login and a database: postgresql://login:password@host:port/database")
    sslmode = parameters.get("sslmode", "disable" if host.startswith("/") else "require")
    if sslmode not in SSL_MODES:
        raise _invalid(f"sslmode is one of {', '.join(SSL_MODES)}")
    return Server(host, port, user, written if password is None else password, database, sslmode)


def _host_and_port(host: str, port: str | None, parameters: Mapping[str, str]) -> tuple[str, int]:
    if (host and "host" in parameters) or (port and "port" in parameters):
        raise _invalid("the address names two servers")
    if port and "host" in parameters:
        raise _invalid("the address names a port without its server")
    chosen = port or parameters.get("port", str(_PORT))
    if not re.fullmatch("[0-9]{1,5}", chosen) or not 0 < int(chosen) < 1 << 16:
        raise _invalid("the port is a number from 1 to 65535")
    return normal_host(host or parameters.get("host", "")), int(chosen)


def normal_host(host: str) -> str:
    """A host in the one form that hosts are compared in. Raises SourceError option-invalid for what cannot be one."""
    if host.startswith("/"):
        if normpath(host) != host or host.startswith("//") or "\0" in host or ".s.PGSQL." in host or "," in host:
            raise _invalid("a socket is named by the plain path of its directory")
        return host
    try:
        return str(ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        name = host.lower().removesuffix(".")
    if not _NAME.fullmatch(name):
        raise _invalid("the address names one server: a host name, an address, or a socket's directory")
    return name


async def resolve(host: str) -> list[Address]:
    """Every address of a host, each once; none for a socket. Raises OSError."""
    if host.startswith("/"):
        return []
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(_plain(ip_address(where[0])) for *_, where in found))


def _plain(address: Address) -> Address:
    """An IPv4 address in the clothes of IPv6 as what it is."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _invalid(detail: str) -> SourceError:
    return SourceError("option-invalid", detail)
