"""A bill recomputed by a program that shares no code with the ledger: from the texts of an export, and two libraries.

`refusal_of` says why an export is refused, or None. It is written from docs/metering.md and docs/ledger-format.md.
"""

import base64
import hashlib
import json
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json = dict[str, Any]


class Refused(Exception):
    """The export is not what the ledger has, or the statement is not what it comes to."""


def refusal_of(export: Json, vkey: str) -> str | None:
    """Why the export is refused; None if it is in order."""
    try:
        _check(export, vkey)
    except Refused as refused:
        return str(refused)
    except (KeyError, ValueError, IndexError, TypeError, InvalidSignature) as error:
        return f"no export: {error!r}"
    return None


def _must(condition: object, what: str) -> None:
    if not condition:
        raise Refused(what)


def _text(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _digest(value: Any) -> str:
    return _sha(_text(value)).hex()


def _round(value: Fraction) -> int:
    sign = -1 if value < 0 else 1
    return sign * int(abs(value) + Fraction(1, 2))


def _share(amount: int, weights: list[int]) -> list[int]:
    exact = [Fraction(amount * weight, sum(weights)) for weight in weights]
    parts = [int(each) for each in exact]
    rest = sorted(range(len(parts)), key=lambda at: parts[at] - exact[at])
    for at in rest[: amount - sum(parts)]:
        parts[at] += 1
    return parts


def _receipt(text: str, leaf: bytes, vkey: str) -> None:
    """Check a tlog-proof: the inclusion proof of RFC 6962, and the Ed25519 signature of the checkpoint."""
    head, _, signed = text.partition("\n\n")
    lines = head.split("\n")
    index = next(int(line.split(" ")[1]) for line in lines if line.startswith("index "))
    path = [base64.b64decode(line) for line in lines[lines.index(f"index {index}") + 1 :] if line]
    note, _, signatures = signed.partition("\n\n")
    origin, size, root = note.split("\n")[:3]
    name, _, key = vkey.split("+", 2)
    public = base64.b64decode(key)
    stamp = next(line for line in signatures.split("\n") if line.startswith(f"— {name} "))
    _must(origin == name, "another log")
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(
        base64.b64decode(stamp.rpartition(" ")[2])[4:], (note + "\n").encode()
    )
    node, at, last = _sha(b"\0" + leaf), index, int(size) - 1
    for other in path:
        if at % 2 or at == last:
            node = _sha(b"\1" + other + node)
            while at % 2 == 0:
                at, last = at // 2, last // 2
        else:
            node = _sha(b"\1" + node + other)
        at, last = at // 2, last // 2
    _must(last == 0 and node == base64.b64decode(root), "the receipt does not prove the entry")


def _month(at: str) -> str:
    return (datetime.fromisoformat(at) + timedelta(hours=8)).strftime("%Y-%m")


def _check(export: Json, vkey: str) -> None:
    statement = export["statement"]
    for proof in (export["concluded"], *export["keys"], *export["earlier"]):
        _receipt(proof["receipt"], proof["entry"].encode(), vkey)
    agreed = json.loads(export["concluded"]["entry"])["body"]
    salted = _sha(bytes.fromhex(export["concluded"]["salt"]) + _text(statement["price"])).hex()
    _must(agreed["price"] == salted and agreed["object"]["id"] == statement["account"], "another price")
    bodies = _chain(export, statement)
    _receipt(export["receipt"], export["entries"][-1].encode(), vkey)
    issued = bodies[-1][1]
    _must(issued["type"] == "statement.issued" and issued["statement"] == _digest(statement), "not issued")
    before = [body for _, body in bodies[:-1] if body["type"] == "statement.issued"]
    _must(all(body["month"] < statement["month"] for body in before), "a second statement of the month")
    _must(len(before) == min(statement["number"] - 1, 1), "another number")
    _must(not before or (before[0]["number"], before[0]["last"]) == _number_before(statement), "another beginning")
    inside = [each for each in bodies if each[1]["account"]["n"] <= statement["to"]["n"]]
    _check_months(bodies, statement)
    table = _table(export, inside, before[0].get("table") if before else None, issued["seller"])
    _must(issued.get("table") == (_digest(table) if table["version"] else None), "another table was issued")
    _must((table["shares"], table["version"] or 1) == _stated_table(statement), "another table")
    revenue = [body["amount"] for _, body in bodies if body["type"] == "revenue.stated"]
    _must(not revenue or revenue[-1] == statement["revenue"], "another revenue")
    used = _usage(inside, statement["price"])
    _must(used == (statement["usage"]["calls"], statement["usage"]["records"]), "another usage")
    lines = _lines(statement, *used)
    _must(lines == statement["lines"], "another line")
    adjustments = _adjustments(inside, export["earlier"])
    _must(adjustments == statement.get("adjustments", []), "another adjustment")
    for member, name in (("net", "amount"), ("tax", "tax"), ("fee", "fee")):
        _must(statement[member] == sum(each[name] for each in lines + adjustments), f"another {member}")
    _must(statement["total"] == statement["net"] + statement["tax"], "another total")
    parts = [sum(line["parts"][at] for line in lines) for at in range(len(table["shares"]))]
    _must(parts == [part["amount"] for part in statement["split"]["parts"]], "another split")


def _number_before(statement: Json) -> tuple[int, int]:
    return statement["number"] - 1, statement["from"]["n"] - 1


def _stated_table(statement: Json) -> tuple[list[Json], int]:
    table = statement["split"]["table"]
    return table["shares"], table["version"]


def _chain(export: Json, statement: Json) -> list[tuple[int, Json]]:
    n, prev, bodies = statement["from"]["n"], statement["from"]["prev"], []
    for text in export["entries"]:
        document = json.loads(text)
        _must(_text(document) == text.encode(), "an entry is not as it was hashed")
        expected = {"id": statement["account"], "n": n, "prev": prev}
        _must(document["body"]["account"] == expected, f"entry {n} of the account")
        n, prev = n + 1, _sha(b"\0" + text.encode()).hex()
        bodies.append((document["seq"], document["body"]))
    return bodies


_BILLED = {"delivery.started", "delivery.completed", "delivery.aborted", "answer.given", "code.redeemed"} | {
    "statement.adjusted",
    "split_table.signed",
}


def _check_months(bodies: list[tuple[int, Json]], statement: Json) -> None:
    least = ""
    for _, body in bodies:
        if body["type"] == "statement.issued":
            year, month = map(int, body["month"].split("-"))
            least = max(least, f"{year + month // 12:04d}-{month % 12 + 1:02d}")
        if body["type"] in _BILLED:
            least = max(least, _month(body["at"]))
            is_inside = body["account"]["n"] <= statement["to"]["n"]
            _must(least == statement["month"] if is_inside else least > statement["month"], "another month")


def _table(export: Json, inside: list[tuple[int, Json]], digest: str | None, seller: str) -> Json:
    """The table in force; the seller's own has version 0."""
    keys: dict[str, list[bytes]] = {}
    for proof in export["keys"]:
        body = json.loads(proof["entry"])["body"]
        keys.setdefault(body["actor"]["organisation"], []).append(base64.urlsafe_b64decode(body["public_key"] + "="))
    table: Json = {"shares": [{"basis_points": 10_000, "holder": seller}], "version": 0}
    if digest:
        table = export["earlier"][-1]["statement"]["split"]["table"]
        _must(_digest(table) == digest, "another table before")
    for _, body in inside:
        if body["type"] != "split_table.signed":
            continue
        former = body.get("former")
        _must(former == (table if table["version"] else None), "the table replaces another")
        holders = {share["holder"] for share in body["table"]["shares"] + (former["shares"] if former else [])}
        document = {"account": body["account"]["id"], "former": former, "table": body["table"]}
        signatures = {each["holder"]: base64.b64decode(each["signature"]) for each in body["signatures"]}
        for holder in holders | {seller}:
            _must(holder in signatures, "a signature is missing")
            key = Ed25519PublicKey.from_public_bytes(keys[holder][-1])
            key.verify(signatures[holder], b"split-table/1\n" + _text(document))
        table = body["table"]
    return table


def _usage(inside: list[tuple[int, Json]], price: Json) -> tuple[int, int]:
    calls, records, plans, free, now = 0, 0, dict[int, str](), dict[tuple[str, str], datetime](), None
    for seq, body in inside:
        if body["type"] == "delivery.started":
            plans[seq] = body["plan"]
        if body["type"] != "delivery.completed" and (body["type"] != "delivery.aborted" or price["aborted"] == "free"):
            continue
        answer = (body.get("plan") or plans[body["started"]], body["result"]["content"])
        at = datetime.fromisoformat(body["at"])
        now = max(now or at, at)
        if answer in free and now < free[answer]:
            continue
        free[answer] = now + timedelta(seconds=price["repeat_window"])
        calls, records = calls + 1, records + body["result"]["rows"]
    return calls, records


def _lines(statement: Json, calls: int, records: int) -> list[Json]:
    """The lines of tiers by record, and of a share of revenue."""
    price, lines, below = statement["price"], [], 0
    model = price["model"]
    if model["kind"] == "revenue_share":
        revenue = statement["revenue"]
        amount = _round(Fraction(revenue * model["basis_points"], 10_000))
        lines.append({"amount": amount, "code": "revenue_share", "quantity": revenue, "unit": "revenue"})
    for number, tier in enumerate(model.get("tiers", ()), 1):
        top = records if tier["up_to"] is None else min(records, tier["up_to"])
        if top > below:
            used, unit_price = {"code": f"tier_{number}", "quantity": top - below}, tier["unit_price"]
            amount = _round(Fraction((top - below) * unit_price, 10_000))
            lines.append(used | {"amount": amount, "unit": "record", "unit_price": unit_price})
            below = top
    weights = [share["basis_points"] for share in statement["split"]["table"]["shares"]]
    for line in lines:
        line["fee"] = _round(Fraction(line["amount"] * price["fee"], 10_000))
        line["tax"] = _round(Fraction(line["amount"] * price["tax"], 10_000))
        line["parts"] = _share(line["amount"] - line["fee"], weights)
    return lines


def _adjustments(inside: list[tuple[int, Json]], earlier: list[Json]) -> list[Json]:
    """The adjusting lines: each line's history is gone through from its statement on."""
    documents, adjustments = list[Json](), list[Json]()
    for proof in earlier:
        documents.append(proof["statement"])
        issued = json.loads(proof["entry"])["body"]
        _must(issued["statement"] == _digest(documents[-1]), "another earlier statement")
    for seq, body in inside:
        if body["type"] != "statement.adjusted":
            continue
        statement = next(each for each in documents if each["number"] == body["number"])
        _must(_digest(statement) == body["statement"], "the refund is of another statement")
        stated = statement["lines"][body["line"]]
        same = [
            each
            for each in [line for document in documents for line in document.get("adjustments", [])] + adjustments
            if (each["number"], each["line"]) == (body["number"], body["line"])
        ]
        before, amount = sum(each["amount"] for each in same), body["amount"]
        _must(stated["amount"] + before + amount >= 0, "more is refunded than is left")
        changes = {
            name: _round(Fraction(stated[name] * -before, stated["amount"]))
            - _round(Fraction(stated[name] * -(before + amount), stated["amount"]))
            for name in ("tax", "fee")
        }
        shares = statement["split"]["table"]["shares"]
        held = [part + sum(each["parts"][at]["amount"] for each in same) for at, part in enumerate(stated["parts"])]
        shared = amount - changes["fee"]
        weights = held if shared < 0 else [share["basis_points"] for share in shares]
        parts = [part if shared > 0 else -part for part in _share(abs(shared), weights)] if shared else [0] * len(held)
        named = [{"amount": part, "holder": share["holder"]} for part, share in zip(parts, shares, strict=True)]
        of = {"entry": seq, "line": body["line"], "number": body["number"], "code": body["kind"]}
        adjustments.append(of | {"amount": amount, "parts": named} | changes)
    return adjustments
