"""The one gate to the network: where sources may be, and which addresses a connection goes to.

An owner names the server of a source, and the exchange connects to it from inside the operator's network: the setting
of server-side request forgery (CWE-918). So every kind of source that connects reads its URL strictly, resolves the host
once, passes the gate with all of its addresses, and connects to these addresses, never to the name.
"""

import asyncio
import os
import re
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from posixpath import normpath
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from adapters.contract import SourceError

Address: TypeAlias = IPv4Address | IPv6Address

NOWHERE: Final = "none"
"""The only entry of a list that allows no server at all."""

_PLAIN: Final = re.compile(r"[!-\[\]-~\u00a1-\U0010ffff]+")  # no space, no control character, no backslash
_NETLOC: Final = re.compile(r"(?:(?P<login>[^@]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^@:\[\],%]*)(?::(?P<port>[0-9]+))?")
_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
# All that is allocated as global unicast (RFC 4291 section 2.4). Outside it, prefixes lead to IPv4 addresses, perhaps
# private ones: ::/96 (IPv4-compatible), 64:ff9b::/96 and 64:ff9b:1::/48 (NAT64), ::ffff:0:0:0/96 (SIIT).
_GLOBAL_UNICAST: Final = ip_network("2000::/3")
_6TO4: Final = ip_network("2002::/16")  # leads to an IPv4 address as well (RFC 3056)


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a source's URL, percent-decoded. `host` is as written, "" where there is none."""

    scheme: str
    user: str
    password: str = field(repr=False)
    host: str
    port: str | None
    path: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Server:
    """One server. `host` is a name in lower case, an address, or the path of a Unix socket (or of its directory).

    `database` is what the connection opens there, "" in protocols that name none.
    """

    host: str
    port: int
    database: str = ""

    @property
    def is_socket(self) -> bool:
        """Whether it is reached through a Unix socket."""
        return self.host.startswith("/")


@dataclass(frozen=True, slots=True)
class Gate:
    """The operator's check of the servers that adapters connect to.

    `admit` takes the server and every address it resolves to (none for a socket), and raises SourceError
    host-not-allowed. A database is refused after connecting where its schema `public` has every table of `reserved`.
    """

    admit: Callable[[Server, Sequence[Address]], Awaitable[None]]
    reserved: frozenset[str] = frozenset()


class AllowList:
    """Host names, addresses, networks and paths of Unix sockets that an operator allows."""

    def __init__(self, entries: Collection[str]) -> None:
        """Raises ValueError for an entry that is none of these."""
        self._hosts: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in entries:
            try:
                self._networks.append(ip_network(entry))
                continue
            except ValueError:
                pass
            try:
                self._hosts.add(normalise_host(entry))
            except SourceError as error:
                raise ValueError(f"{entry!r} is no host name, address, network or path of a socket") from error
        self._hosts.discard(NOWHERE)

    def allows(self, server: Server, addresses: Sequence[Address]) -> bool:
        """Whether the list has the host itself, or every one of its addresses (at least one)."""
        return server.host in self._hosts or (bool(addresses) and all(map(self.has_address, addresses)))

    def has_address(self, address: Address) -> bool:
        """Whether an address is in one of the listed networks."""
        return any(address in network for network in self._networks)


class Policy:
    """The operator's policy on the servers of sources.

    With an empty list every host is allowed, but no Unix socket. `is_public_only` refuses addresses that are neither
    public nor listed as addresses, even where the name of the host is listed.
    """

    def __init__(self, entries: Collection[str], *, is_public_only: bool) -> None:
        self._list = AllowList(entries)
        self._is_open = not entries
        self._is_public_only = is_public_only

    def check_listed(self, server: Server, addresses: Sequence[Address]) -> None:
        """Raise SourceError host-not-allowed unless the list has the server."""
        if not self._list.allows(server, addresses):
            raise SourceError("host-not-allowed", "the operator does not allow sources on this host")

    def check(self, server: Server, addresses: Sequence[Address]) -> None:
        """Raise SourceError host-not-allowed unless a source may be on a server with these addresses."""
        if server.is_socket or not self._is_open:
            self.check_listed(server, addresses)
        if self._is_public_only and not all(
            self._list.has_address(address) or is_public(address) for address in addresses
        ):
            raise SourceError("host-not-allowed", "the host's address is not public, and the operator does not list it")


def is_public(address: Address) -> bool:
    """Whether an address is a public one of a single host, and leads to no other address."""
    if isinstance(address, IPv6Address) and (address not in _GLOBAL_UNICAST or address in _6TO4):
        return False
    return address.is_global and not address.is_multicast


async def is_same_server(server: Server, addresses: Sequence[Address], other: Server) -> bool:
    """Whether a server, which has these addresses, is the other one. True where that cannot be excluded."""
    if server.port != other.port or server.is_socket != other.is_socket:
        return False
    if server.is_socket:
        return _real(server.host) == _real(other.host)
    if server.host == other.host:
        return True
    try:
        others = await resolve(other.host)
    except OSError:
        return True
    return bool(set(addresses) & set(others)) or (_is_this_machine(addresses) and _is_this_machine(others))


def _real(path: str) -> str:
    return os.path.realpath(path)


def _is_this_machine(addresses: Sequence[Address]) -> bool:
    return any(address.is_loopback or address.is_unspecified for address in addresses)


async def resolve(host: str) -> list[Address]:
    """Every address of a host, each once; none for a socket. Raises OSError."""
    if host.startswith("/"):
        return []
    entries = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(_unmapped(ip_address(sockaddr[0])) for *_, sockaddr in entries))


async def resolve_admitted(server: Server, gate: Gate | None) -> list[Address]:
    """Resolve a server and pass the gate. Connect to these addresses only: a second lookup could give others.

    Raises OSError, SourceError host-not-allowed.
    """
    addresses = await resolve(server.host)
    if gate is not None:
        await gate.admit(server, addresses)
    return addresses


def _unmapped(address: Address) -> Address:
    """Unwrap an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2)."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def normalise_host(host: str) -> str:
    """The one form in which hosts are compared. Raises SourceError option-invalid for text that is no host."""
    if host.startswith("/"):
        if normpath(host) != host or host.startswith("//") or "\0" in host or "," in host:
            raise SourceError("option-invalid", "a socket is named by its plain path")
        return host
    try:
        return str(ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        name = host.lower().removesuffix(".")
    if not _NAME.fullmatch(name):
        raise SourceError(
            "option-invalid", "the address names one server: a host name, an address, or the path of a socket"
        )
    return name


def read_port(port: str | None, default: int) -> int:
    """A port number, `default` for None. Raises SourceError option-invalid."""
    if port is None:
        return default
    if not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 1 << 16:
        raise SourceError("option-invalid", "the port is a number from 1 to 65535")
    return int(port)


def read_url(url: str) -> Url:
    """Split a URL that names at most one host and each parameter once. Raises SourceError option-invalid.

    Two parsers that understand one URL differently are a way past the gate. So spaces, control characters, backslashes,
    fragments, lists of hosts and percent signs in the host are refused, and a driver gets the parts, never the URL.
    """
    try:
        parts = urlsplit(url) if _PLAIN.fullmatch(url) and "#" not in url else None
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)) if parts else []
        netloc = _NETLOC.fullmatch(parts.netloc) if parts else None
        if parts is None or netloc is None:
            raise ValueError(url)
        user, _, password = (netloc["login"] or "").partition(":")
        read = Url(
            scheme=parts.scheme,
            user=unquote(user, errors="strict"),
            password=unquote(password, errors="strict"),
            host=netloc["host"],
            port=netloc["port"],
            path=unquote(parts.path, errors="strict"),
            parameters=dict(pairs),
        )
    except ValueError:
        raise SourceError("option-invalid", "the address of the source cannot be read") from None
    if len(read.parameters) != len(pairs):
        raise SourceError("option-invalid", "the address has a parameter twice")
    if any("\0" in text for text in (read.user, read.password, read.path)):
        raise SourceError("option-invalid", "the address of the source has a NUL")
    return read
