"""Where PostgreSQL sources may be: the operator's list, and never the exchange's own database.

An owner names the server of a source, and the exchange, which stands inside the operator's network, connects to it. So
this is asked before every connection, with the addresses that the name stands for at that moment.
"""

import os
from collections.abc import Collection, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from adapters.contract import SourceError
from adapters.postgresql.address import Address, Gate, Server, normal_host, resolve
from exchange.kernel.database import arguments

NOWHERE = "none"
"""The only entry of a list that allows no server at all."""
# Addresses that lead on to an IPv4 address, possibly a private one: 6to4 and NAT64.
_TRANSLATED = (ip_network("2002::/16"), ip_network("64:ff9b::/96"))
_OWN_TABLES = frozenset({"ledger_entry", "ledger_head", "ledger_once"})
_DEFAULT_PORT = 5432


class Listed:
    """The entries of EXCHANGE_SOURCE_HOSTS: host names, addresses, networks and directories of sockets."""

    def __init__(self, entries: Collection[str]) -> None:
        """Raises ValueError for an entry that cannot be one of these."""
        self.names: set[str] = set()
        self.networks: list[IPv4Network | IPv6Network] = []
        for entry in entries:
            try:
                self.networks.append(ip_network(entry))
                continue
            except ValueError:
                pass
            try:
                self.names.add(normal_host(entry))
            except SourceError as error:
                raise ValueError(f"{entry!r} is no host name, address, network or path of a socket") from error
        self.names.discard(NOWHERE)

    def has(self, addresses: Sequence[Address]) -> bool:
        """Whether every one of at least one address is listed as such."""
        return bool(addresses) and all(any(one in network for network in self.networks) for one in addresses)


class Reach:
    """Decides for one exchange; `own` are the addresses of its own database."""

    def __init__(self, source_hosts: Collection[str], *, own: Collection[str], in_production: bool) -> None:
        self._listed = Listed(source_hosts)
        self._is_open = not source_hosts
        self._in_production = in_production
        self._own = [arguments(url) for url in own]

    def gate(self) -> Gate:
        """The gate that sources' connections go through."""
        return Gate(self.admit, _OWN_TABLES)

    async def admit(self, server: Server, addresses: Sequence[Address]) -> None:
        """Raise SourceError host-not-allowed unless a source may be on the server, which is at these addresses.

        The exchange's own server, and any socket, has to be listed; its own database is refused even then.
        """
        is_listed = server.host in self._listed.names or self._listed.has(addresses)
        for own in self._own:
            if await _is_same_server(server, addresses, str(own["host"]), int(own.get("port", _DEFAULT_PORT))):
                if server.database == own["database"]:
                    raise SourceError("host-not-allowed", "the exchange's own database is no source")
                if not is_listed:
                    raise _not_allowed()
        if not is_listed and (server.is_socket or not self._is_open):
            raise _not_allowed()
        if self._in_production and not server.is_socket and not self._is_public(addresses):
            raise SourceError("host-not-allowed", "the host's address is not public, and the operator does not list it")

    def _is_public(self, addresses: Sequence[Address]) -> bool:
        """Whether each address is a public one or listed as such."""
        return all(
            self._listed.has([one])
            or (one.is_global and not one.is_multicast and not any(one in network for network in _TRANSLATED))
            for one in addresses
        )


async def _is_same_server(server: Server, addresses: Sequence[Address], host: str, port: int) -> bool:
    if server.port != port or server.is_socket != host.startswith("/"):
        return False
    if server.is_socket:
        return _directory(server.host) == _directory(host)
    if server.host == host.lower().removesuffix("."):
        return True
    try:
        own = await resolve(host)
    except OSError:  # the name of our own database is unknown for now: then nothing can be told to be another server
        return True
    return bool(set(addresses) & set(own)) or (_is_here(own) and _is_here(addresses))


def _directory(path: str) -> str:
    return os.path.realpath(path)


def _is_here(addresses: Sequence[Address]) -> bool:
    return any(one.is_loopback or one.is_unspecified for one in addresses)


def _not_allowed() -> SourceError:
    return SourceError("host-not-allowed", "the operator does not allow sources on this host")
