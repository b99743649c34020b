"""The earlier statements of an export, of which lines are adjusted: each as the ledger issued it, none left out."""

from typing import Any

from ledger.billing.reading import Members
from ledger.billing.statements import ISSUED, digest
from ledger.format import entry, note
from ledger.format.rotation import History
from ledger.verification.billing.wrong import ExportRefused, receive


def read_earlier(documents: list[Any], statement: Any, key: note.Verifier | History) -> tuple[dict[str, Any], ...]:
    """The statements, whose numbers lead without a gap to the one before `statement`. Raises ExportRefused, Unpriced."""
    first = statement["number"] - len(documents)
    earlier = []
    for place, document in enumerate(documents):
        at = f"/earlier/{place}"
        members = Members(document, at, {"entry", "receipt", "statement"})
        leaf, stated = members.value("entry").encode(), members.value("statement")
        receive(at, members.value("receipt"), leaf, key)
        body = entry.parse(leaf).body
        if body["type"] != ISSUED or body["account"]["id"] != statement["account"]:
            raise ExportRefused(f"{at}/entry", "the entry issues no statement of this account")
        if body["statement"] != digest(stated):
            raise ExportRefused(f"{at}/statement", "the entry issues another statement")
        if stated["number"] != first + place or body["number"] != stated["number"]:
            raise ExportRefused(f"{at}/statement/number", f"statement {first + place} is needed here")
        earlier.append(stated)
    return tuple(earlier)
