"""Write terms and agreements as ODRL 2.2 policies (W3C Recommendation, 2018), without loss.

Terms become an Offer, and an agreement becomes an Agreement: one permission to use the dataset under constraints, and a
prohibition to distribute it where resharing is not allowed. ODRL's own terms are used where it has one (purpose, dateTime,
recipient, count, payAmount, obtainConsent). The others belong to a profile (docs/terms.md lists them). Masks and row filters
are JSON literals (JSON-LD 1.1), the same JSON that the API takes.

policies/odrl/reading.py reads policies back.
"""

from collections.abc import Iterable, Mapping
from typing import Any

PROFILE = "urn:x-data-exchange:odrl:1"
"""The profile's IRI; the IRI of a term of the profile is this, `#` and the term."""

MEDIA_TYPE = "application/ld+json"
CONTEXT: list[Any] = ["http://www.w3.org/ns/odrl.jsonld", {"dx": f"{PROFILE}#"}]
WITHHELD = {"@id": "dx:withheld"}
"""Stands for a value that the reader may not see."""

URN = "urn:uuid:"
CURRENCY = "urn:iso:std:iso:4217:"
DISTRIBUTE = "distribute"
CONSUMERS = {
    # The left operand of each member of `consumers`.
    "kinds": "dx:recipientKind",
    "levels": "dx:recipientLevel",
    "organisations": "recipient",
}


class NotExpressible(ValueError):
    """Terms that ODRL cannot express."""


def write_offer(
    terms: Mapping[str, Any], *, uid: str, dataset: str, owner: str, withheld: Iterable[str] = ()
) -> dict[str, Any]:
    """Write terms, given as JSON of the API, as an Offer. `withheld` has the paths that the reader may not see, as in the API.

    Raises NotExpressible for terms with an owner's module.
    """
    if terms.get("module") is not None:
        raise NotExpressible(
            "ODRL has no words for a program: an offer would promise more than the module lets through"
        )
    hidden = {*withheld}
    constraints = [_constraint("purpose", "isAnyOf", list(terms["purposes"]))]
    for name, operand in CONSUMERS.items():
        if f"terms/consumers/{name}" in hidden:
            constraints.append(_constraint(operand, "isAnyOf", WITHHELD))
        else:
            constraints += _recipients(terms["consumers"], name)
    if "terms/consumers/groups" in hidden:
        constraints.append({"or": {"@list": [WITHHELD]}})
    elif terms["consumers"].get("groups"):
        groups = [
            [recipient for name in CONSUMERS for recipient in _recipients(group, name)]
            for group in terms["consumers"]["groups"]
        ]
        constraints.append({"or": {"@list": [{"and": {"@list": group}} for group in groups]}})
    if terms.get("not_after") is not None:
        constraints.append(_constraint("dateTime", "lt", _moment(terms["not_after"])))
    if terms.get("rate") is not None:
        rate = _constraint("count", "lteq", terms["rate"]["requests"])
        constraints.append(rate | {"unit": f"dx:{terms['rate']['per']}"})
    constraints += _limits(terms, withheld_filter="terms/row_filter" in hidden)
    if terms.get("basis"):
        constraints.append(_constraint("dx:legalBasis", "eq", terms["basis"]))
    if terms.get("min_group"):
        constraints.append(_constraint("dx:groupSize", "gteq", terms["min_group"]))
    return _policy("Offer", terms, constraints, uid=uid, dataset=dataset, parties={"assigner": format_urn(owner)})


def write_agreement(
    agreed: Mapping[str, Any], *, uid: str, dataset: str, owner: str, consumer: str, inherits: str | None = None
) -> dict[str, Any]:
    """Write an agreement, given as JSON of the API, as an Agreement. `inherits` is the IRI of the offer that it narrows."""
    constraints = [
        _constraint("purpose", "isAnyOf", [agreed["purpose"]]),
        _constraint("dateTime", "gteq", _moment(agreed["not_before"])),
        _constraint("dateTime", "lt", _moment(agreed["not_after"])),
        *_limits(agreed, withheld_filter=False),
    ]
    parties = {"assigner": format_urn(owner), "assignee": format_urn(consumer)}
    policy = _policy("Agreement", agreed, constraints, uid=uid, dataset=dataset, parties=parties)
    return policy | ({"inheritFrom": [inherits]} if inherits else {})


def _limits(source: Mapping[str, Any], *, withheld_filter: bool) -> list[dict[str, Any]]:
    """The constraints that terms and agreements have in common."""
    constraints = [_constraint("dx:field", "isAnyOf", list(source["fields"]))] if source["fields"] else []
    if source.get("answers"):
        constraints.append(_constraint("dx:answers", "eq", _json(source["answers"])))
    if source["masks"]:
        constraints.append(_constraint("dx:masks", "eq", _json(source["masks"])))
    if withheld_filter:
        constraints.append(_constraint("dx:rowFilter", "eq", WITHHELD))
    elif source["row_filter"] is not None:
        constraints.append(_constraint("dx:rowFilter", "eq", _json(source["row_filter"])))
    return [*constraints, _constraint("dx:rowsPerDelivery", "lteq", source["row_cap"])]


def _policy(
    type_: str,
    source: Mapping[str, Any],
    constraints: list[dict[str, Any]],
    *,
    uid: str,
    dataset: str,
    parties: Mapping[str, str],
) -> dict[str, Any]:
    permission: dict[str, Any] = {"target": format_urn(dataset), "action": "use", "constraint": constraints}
    duties: list[dict[str, Any]] = []
    if source.get("consent"):
        duties.append({"action": "obtainConsent"})
    if source.get("price") is not None:
        duties.append(_payment(source["price"]))
    if duties:
        permission["duty"] = duties
    policy = {
        "@context": CONTEXT,
        "@type": type_,
        "uid": uid,
        "profile": PROFILE,
        "conflict": "prohibit",
        **parties,
        "permission": [permission],
    }
    if not source.get("resharing"):
        policy["prohibition"] = [{"target": format_urn(dataset), "action": DISTRIBUTE}]
    return policy


def _payment(price: Mapping[str, Any]) -> dict[str, Any]:
    amount = {"@value": price["amount"], "@type": "xsd:decimal"}
    return {
        "action": "compensate",
        "constraint": [
            {
                "leftOperand": "payAmount",
                "operator": "eq",
                "rightOperand": amount,
                "unit": CURRENCY + price["currency"],
            },
            _constraint("dx:chargedPer", "eq", price["per"]),
        ],
    }


def _recipients(group: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The constraint for one list of consumers; none where the list is empty, which admits everyone."""
    values = group[name]
    parties = [{"@id": format_urn(value)} for value in values] if name == "organisations" else list(values)
    return [_constraint(CONSUMERS[name], "isAnyOf", parties)] if values else []


def _constraint(operand: str, operator: str, value: Any) -> dict[str, Any]:
    return {"leftOperand": operand, "operator": operator, "rightOperand": value}


def _json(value: Any) -> dict[str, Any]:
    return {"@type": "@json", "@value": value}


def _moment(value: str) -> dict[str, str]:
    return {"@type": "xsd:dateTime", "@value": value}


def format_urn(identifier: str) -> str:
    """The IRI of a participant or dataset."""
    return f"{URN}{identifier}"
