"""Split tables of an export: in force is the newest that all parties signed, and until then the seller has all.

A table is signed by its holders, by those of the table that it replaces, and by the seller. The key of each is proven by
the entry `key.registered`, whose principal, or whose actor's organisation, is the party. A table is in force from the
statement whose entries it lies among; `statement.issued` has its digest in `table`, so that the next statement continues.
"""

import base64
import binascii
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from groundwork import base64url
from ledger.billing.money import WHOLE
from ledger.billing.reading import Members, Unpriced
from ledger.billing.splits import SplitTable, read_table, signed_bytes
from ledger.format import entry, note
from ledger.format.rotation import History
from ledger.verification.billing.chain import Linked
from ledger.verification.billing.wrong import ExportRefused, receive
from signatures.components import SignatureProblem
from signatures.suites import Ed25519

_PLACE = "/statement/split/table"

Keys = Mapping[str, Sequence[bytes]]
"""The public keys of each party, by its id."""


def read_keys(documents: list[Any], key: note.Verifier | History) -> Keys:
    """The keys that entries of the log registered. Raises ExportRefused, Unpriced."""
    keys = defaultdict(list)
    for place, document in enumerate(documents):
        at = f"/keys/{place}"
        members = Members(document, at, {"entry", "receipt"})
        leaf = members.value("entry").encode()
        receive(at, members.value("receipt"), leaf, key)
        body = entry.parse(leaf).body
        if body["type"] != "key.registered":
            raise ExportRefused(f"{at}/entry", "the entry registers no key")
        public = base64url.decode(body["public_key"])
        for party in {body["principal"], body["actor"].get("organisation")} - {None}:
            keys[party].append(public)
    return keys


class Tables:
    """Checks a statement's split table under the keys of the parties."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def check(self, statement: Any, signed: Sequence[Linked], *, before: str | None, issued: Mapping[str, Any]) -> None:
        """Check that the statement is split by the table in force.

        `signed` are the entries of its range that put tables in force, `before` is the digest of the table of the statement
        before, and `issued` is the body that issues this one. Raises ExportRefused.
        """
        seller, in_force = issued.get("seller"), before
        for linked in signed:
            in_force = self._sign(linked, statement["account"], seller, in_force)
        table = read_table(statement["split"]["table"], _PLACE)
        if in_force is None:
            if [holder for holder, _ in table.shares] != [seller] or table.shares[0][1] != WHOLE:
                raise ExportRefused(_PLACE, "no table was signed by all parties, so the seller has all")
        elif table.digest != in_force:
            raise ExportRefused(_PLACE, f"the table that all parties signed last is {in_force}, and not this one")
        if issued.get("table") != in_force:
            raise ExportRefused("/entries", "the entry that issued the statement names another table")

    def _sign(self, linked: Linked, account: str, seller: str | None, in_force: str | None) -> str:
        """Check that an entry's table replaces the one in force, and is signed by all parties; its digest."""
        place, body = f"/entries/{linked.position}", linked.placed.body
        try:
            table = read_table(body["table"])
            former = read_table(body["former"]) if body.get("former") is not None else None
        except Unpriced as error:
            raise ExportRefused(place, f"its table is not valid: {error}") from error
        if (former.digest if former else None) != in_force:
            raise ExportRefused(place, "its table replaces another one than that in force")
        if former and table.version != former.version + 1:
            raise ExportRefused(place, f"version {former.version + 1} of the table is needed")
        document = signed_bytes(account, table.document(), former.document() if former else None)
        signatures = {each["holder"]: each["signature"] for each in body["signatures"]}
        for party in sorted(_parties(table, former) | ({seller} if seller else set())):
            if not self._is_signed(party, document, signatures.get(party)):
                raise ExportRefused(place, f"its table is not signed by {party}, by a key that the export proves")
        return table.digest

    def _is_signed(self, party: str, document: bytes, signature: str | None) -> bool:
        if signature is None:
            return False
        for public in self._keys.get(party, ()):
            try:
                Ed25519(public).verify(document, base64.b64decode(signature, validate=True))
            except (SignatureProblem, binascii.Error):
                continue
            return True
        return False


def _parties(table: SplitTable, former: SplitTable | None) -> set[str]:
    return {holder for holder, _ in table.shares + (former.shares if former else ())}
