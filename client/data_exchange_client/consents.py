"""Receipts of consents: the record with its evidence, and the receipts of its entries, verified together and offline."""

import csv
import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from data_exchange_client import receipts
from data_exchange_client.api import Client
from data_exchange_client.errors import ReceiptInvalid
from data_exchange_client.trust import Trust
from groundwork import durable
from ledger.verification.consents import ConsentUnproven, check

_PAGE = 1000
_POLL = 0.5


def fetch(client: Client, consent: str, *, wait: float) -> dict[str, Any]:
    """Get a consent's record with its evidence and the receipts of its entries, and verify them.

    Raises ReceiptInvalid, ExchangeProblem.
    """
    document: dict[str, Any] = client.request("GET", f"/api/v1/consents/{consent}/record").json()
    notice, steps = document["evidence"]["notice"]["id"], document["evidence"]["steps"]
    loads = {step["statement"]["load"] for step in steps if "load" in step["statement"]}
    entries = list(_entries(client, {"object": notice, "type": "consent_notice.published"}))
    if loads:
        brought = _entries(client, {"object": notice, "type": "consents.loaded"})
        entries += [row for row in brought if row["body"]["load"] in loads]
    if any("salt" in step for step in steps):  # what a load brought has no entry but the load's
        entries += _entries(client, {"object": consent})
    document["receipts"] = []
    for row in entries:
        receipt = client.receipt(row["index"], wait=wait)
        document["receipts"].append({"receipt": receipt.text, "entry": receipt.leaf.decode()})
    verify(document, client.trust)
    return document


def _entries(client: Client, about: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The entries of the ledger that a search finds, page by page."""
    start: dict[str, Any] = {}
    while True:
        page = client.request("GET", "/api/v1/audit/entries", params={**about, **start, "limit": _PAGE}).json()
        yield from page["entries"]
        if page["next"] is None:
            return
        start = {"start": page["next"]}


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


def save_rejects(rejects: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write the rows of a load that were not taken to a CSV file with `row` and `reason`. Raises OSError."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("row", "reason"))
        writer.writerows((row["row"], row["reason"]) for row in rejects)


def wait_for_load(client: Client, load: Mapping[str, Any], *, seconds: float) -> dict[str, Any]:
    """Wait until a load is merged, at most so many seconds: the load as it is then."""
    deadline, row = time.monotonic() + seconds, dict(load)
    while row["state"] != "merged" and time.monotonic() < deadline:
        time.sleep(_POLL)
        row = client.request("GET", f"/api/v1/consent-loads/{row['id']}").json()
    return row
