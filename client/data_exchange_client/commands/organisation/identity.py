"""Commands that show the identity of the exchange, and yours at it."""

import json
from typing import Annotated

import typer

from data_exchange_client.connection import Connection
from data_exchange_client.terminal.options import DEFAULT_TRUST, DEFAULT_URL, KeyFile, TrustFile, Url, connect
from data_exchange_client.terminal.output import fail, note, print_json, reporting_failures
from data_exchange_client.trust import WELL_KNOWN, Trust


def trust(
    *,
    url: Url = DEFAULT_URL,
    trust: TrustFile = DEFAULT_TRUST,
    renew: Annotated[bool, typer.Option("--renew", help="Pin the present identity instead.")] = False,
) -> None:
    """Show the pinned identity of the exchange, and check that it is still the same. Compare it with the operator's."""
    with reporting_failures(), Connection(url, None) as connection:
        now = connection.identity()
        pinned = Trust.load(trust) if trust.exists() else None
        if pinned is None or renew:
            now.save(trust)
            note(f"pinned in {trust}")
            pinned = now
        elif not pinned.is_same(now):
            pinned = pinned.follow(json.loads(connection.public(WELL_KNOWN)))
            if pinned.is_same(now):
                pinned.save(trust)
                note(f"a rotation, announced by a pinned key, is now in {trust}")
    print_json(pinned.document())
    if not pinned.is_same(now):
        fail(f"the exchange now has another identity than {trust}; ask its operator, then use --renew")


def whoami(key: KeyFile, url: Url = DEFAULT_URL, trust: TrustFile = DEFAULT_TRUST) -> None:
    """Show whose key yours is, by the exchange's register."""
    with connect(url, key, trust) as client:
        print_json(client.request("GET", "/api/v1/me").json())
