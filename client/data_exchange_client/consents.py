"""Receipts of consents: the record with its evidence, and the receipts of its entries, verified together and offline."""

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_exchange_client import receipts
from data_exchange_client.api import Client
from data_exchange_client.errors import ReceiptInvalid
from data_exchange_client.trust import Trust
from groundwork import durable
from ledger.verification.consents import ConsentUnproven, check

_POLL = 0.5


def fetch(client: Client, consent: str, *, wait: float) -> dict[str, Any]:
    """Get a consent's record with its evidence and the receipts of its entries, and verify them.

    Raises ReceiptInvalid, ExchangeProblem.
    """
    document: dict[str, Any] = client.request("GET", f"/api/v1/consents/{consent}/record").json()
    notice = document["evidence"]["notice"]["id"]
    steps = document["evidence"]["steps"]
    loads = {step["statement"].get("load") for step in steps}
    has_own_entries = any("salt" in step for step in steps)  # what a load brought has none but the load's
    entries = [
        row
        for identifier in ([notice, consent] if has_own_entries else [notice])
        for row in client.request("GET", "/api/v1/audit/entries", params={"object": identifier}).json()["entries"]
        if row["body"]["type"] != "consents.loaded" or row["body"]["load"] in loads
    ]
    document["receipts"] = []
    for row in entries:
        found = client.receipt(row["index"], wait=wait)
        document["receipts"].append({"receipt": found.text, "entry": found.leaf.decode()})
    verify(document, client.trust)
    return document


def verify(document: Mapping[str, Any], trust: Trust) -> None:
    """Check a consent's receipt with nothing but the pinned key of the ledger. Raises ReceiptInvalid."""
    try:
        pairs = [(pair["receipt"], pair["entry"].encode()) for pair in document["receipts"]]
        bodies = [receipts.verify(text, leaf, trust).body for text, leaf in pairs]
        check(document, bodies)
    except ConsentUnproven as error:
        raise ReceiptInvalid(str(error)) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ReceiptInvalid("the file is no receipt of a consent") from error


def save(document: Mapping[str, Any], path: Path) -> None:
    """Write a receipt to a file. Raises OSError."""
    durable.write(path, json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n", mode=0o600)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def wait_for_load(client: Client, load: Mapping[str, Any], *, seconds: float) -> dict[str, Any]:
    """Wait until a load is merged, at most so many seconds: the load as it is then."""
    deadline, row = time.monotonic() + seconds, dict(load)
    while row["state"] != "merged" and time.monotonic() < deadline:
        time.sleep(_POLL)
        row = client.request("GET", f"/api/v1/consent-loads/{row['id']}").json()
    return row
