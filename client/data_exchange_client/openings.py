"""Openings: verify, offline, whether a person was in an answer that names nobody."""

import json
from collections.abc import Mapping
from typing import Any

from data_exchange_client import receipts
from data_exchange_client.errors import ReceiptInvalid
from data_exchange_client.trust import Trust
from ledger.verification.openings import OpeningUnproven, Proven, check


def verify(text: str, trust: Trust) -> Proven:
    """Check the file that a person has from the portal, with nothing but the pinned key of the ledger.

    Raises ReceiptInvalid.
    """

    def read(receipt: str, leaf: bytes) -> tuple[int, Mapping[str, Any]]:
        verified = receipts.verify(receipt, leaf, trust)
        return verified.index, verified.body

    try:
        document = json.loads(text)
        return check(document, read)
    except (OpeningUnproven, json.JSONDecodeError, TypeError, RecursionError) as error:
        raise ReceiptInvalid(str(error)) from error
