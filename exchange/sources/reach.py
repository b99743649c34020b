"""The servers that sources may be on: those the operator lists, and never the exchange's own database.

Every connection is checked, against the addresses that the host's name has at that moment.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from adapters.contract import SourceError
from adapters.network import Address, Gate, Policy, Server, is_same_server
from exchange.kernel.database import arguments

_OWN_TABLES: Final = frozenset({"ledger_entry", "ledger_head", "ledger_once"})
"""A database with these tables is an exchange's, whatever its address."""
_DEFAULT_PORT: Final = 5432


class Reach:
    """Admits or refuses servers. `own` are the URLs of the exchange's database."""

    def __init__(self, source_hosts: Collection[str], *, own: Collection[str], in_production: bool) -> None:
        self._policy = Policy(source_hosts, is_public_only=in_production)
        self._own = [_server(arguments(url)) for url in own]

    def gate(self) -> Gate:
        """The gate for the connections of sources."""
        return Gate(self.admit, _OWN_TABLES)

    async def admit(self, server: Server, addresses: Sequence[Address]) -> None:
        """Raise SourceError host-not-allowed unless a source may be on a server with these addresses.

        The exchange's own database is always refused, other databases on its server unless the operator lists the server.
        """
        for own in self._own:
            if await is_same_server(server, addresses, own):
                if server.database == own.database:
                    raise SourceError("host-not-allowed", "the exchange's own database is no source")
                self._policy.check_listed(server, addresses)
        self._policy.check(server, addresses)


def _server(options: dict[str, Any]) -> Server:
    """The server of a connection's arguments."""
    host = str(options["host"])
    if not host.startswith("/"):
        host = host.lower().removesuffix(".")
    return Server(host, int(options.get("port", _DEFAULT_PORT)), options["database"])
