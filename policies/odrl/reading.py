"""Read ODRL policies back into terms and agreements: all of a policy, or a refusal with the place.

An unknown word is refused, and so is anything that terms cannot express: an ignored word could be the one that forbids. Only
the compact form under one context is read, which policies/odrl/writing.py writes, so that no document elsewhere defines
the meaning of a word.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from policies.odrl.writing import CONSUMERS, CONTEXT, CURRENCY, DISTRIBUTE, PROFILE, URN, WITHHELD, format_urn

# The member of the terms and the function that reads the right operand, by left operand and operator.
_Readers = dict[tuple[str, str], tuple[str, Callable[[Any, str], Any]]]


class OdrlRefused(ValueError):
    """A policy that terms cannot express. `pointer` is a JSON pointer (RFC 6901) to the place; no value is repeated."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"{pointer or '/'}: {reason}")
        self.pointer = pointer
        self.reason = reason


def read_terms(document: Any, *, dataset: str, owner: str) -> dict[str, Any]:
    """Read the terms of an owner's Offer on a dataset, as JSON of the API. The API's models check the values.

    Raises OdrlRefused for another party or dataset, and for anything that terms cannot express.
    """
    terms = _policy(document, "Offer", {"assigner": owner}, dataset=dataset, readers=_OFFERED)
    consumers = {name: terms.pop(name) for name in (*CONSUMERS, "groups") if name in terms}
    return {"consumers": consumers, **terms}


def read_agreement(document: Any, *, dataset: str, owner: str, consumer: str) -> dict[str, Any]:
    """Read an Agreement between two participants on a dataset, as JSON of the API. Raises OdrlRefused."""
    parties = {"assigner": owner, "assignee": consumer}
    agreed = _policy(document, "Agreement", parties, dataset=dataset, readers=_AGREED, optional={"inheritFrom"})
    purposes = agreed.pop("purposes")
    if len(purposes) > 1:
        raise OdrlRefused("/permission/0/constraint", "an agreement has one purpose")
    for name in ("not_before", "not_after"):
        if name not in agreed:
            raise OdrlRefused("/permission/0/constraint", "an agreement has a dateTime with gteq and one with lt")
    return {"purpose": purposes[0], **agreed}


def _policy(
    document: Any,
    type_: str,
    parties: Mapping[str, str],
    *,
    dataset: str,
    readers: _Readers,
    optional: Iterable[str] = (),
) -> dict[str, Any]:
    policy = _members(
        document,
        "",
        needed={"@context", "@type", "profile", "permission", *parties},
        optional={"uid", "conflict", "prohibition", *optional},
    )
    _same(policy["@context"], CONTEXT, "/@context", f"the context is that of ODRL, with dx for {PROFILE}#")
    _same(policy["@type"], type_, "/@type", f"the type is {type_}")
    _same(policy["profile"], PROFILE, "/profile", f"the profile is {PROFILE}")
    _same(
        policy.get("conflict", "prohibit"),
        "prohibit",
        "/conflict",
        "the conflict strategy is prohibit: a prohibition outweighs a permission",
    )
    for name, party in parties.items():
        _same(policy[name], format_urn(party), f"/{name}", f"this is not the {name}")
    _text(policy.get("uid", ""), "/uid")
    [(permission, pointer)] = _rules(policy, "permission", exactly=1)
    rule = _members(permission, pointer, needed={"target", "action", "constraint"}, optional={"duty"})
    _same(rule["target"], format_urn(dataset), f"{pointer}/target", "the target is the dataset")
    _same(rule["action"], "use", f"{pointer}/action", "the permitted action is use")
    members = _constraints(rule["constraint"], f"{pointer}/constraint", readers)
    for duty, duty_pointer in _rules(rule, "duty", at=pointer):
        _add(members, _duty(duty, duty_pointer), duty_pointer)
    members["resharing"] = not _is_forbidden(policy, dataset)
    return members


def _is_forbidden(policy: Mapping[str, Any], dataset: str) -> bool:
    for prohibition, pointer in _rules(policy, "prohibition", most=1):
        rule = _members(prohibition, pointer, needed={"target", "action"})
        _same(rule["target"], format_urn(dataset), f"{pointer}/target", "the target is the dataset")
        _same(rule["action"], DISTRIBUTE, f"{pointer}/action", "the prohibited action is distribute")
        return True
    return False


def _constraints(value: Any, pointer: str, readers: _Readers) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for index, item in enumerate(_list(value, pointer)):
        at = f"{pointer}/{index}"
        if readers is _OFFERED and isinstance(item, Mapping) and "or" in item:
            _add(members, {"groups": _groups(item, at)}, at)
            continue
        optional = {"unit"} if isinstance(item, Mapping) and item.get("leftOperand") == "count" else ()
        constraint = _members(item, at, needed={"leftOperand", "operator", "rightOperand"}, optional=optional)
        operand, operator = constraint["leftOperand"], constraint["operator"]
        operators = [comparison for name, comparison in readers if name == operand]
        if not operators:
            names = ", ".join(sorted({name for name, _ in readers}))
            raise OdrlRefused(f"{at}/leftOperand", f"a left operand here is one of {names}")
        if operator not in operators:
            raise OdrlRefused(f"{at}/operator", f"with this left operand, the operator is {' or '.join(operators)}")
        name, read = readers[operand, operator]
        operand_at = f"{at}/rightOperand"
        if constraint["rightOperand"] == WITHHELD:
            raise OdrlRefused(operand_at, "this value is withheld from you; give the value")
        value = read(constraint["rightOperand"], operand_at)
        _add(members, {name: value if operand != "count" else _rate(value, constraint.get("unit"), at)}, at)
    if "answers" in members:
        members.setdefault("fields", [])
    for (operand, _), (name, _) in readers.items():
        if name in ("purposes", "fields") and name not in members:
            raise OdrlRefused(pointer, f"a constraint on {operand} is needed")
    return members


def _groups(value: Mapping[str, Any], pointer: str) -> list[dict[str, Any]]:
    """The groups of consumers: a consumer is admitted by all constraints of one group."""
    groups = []
    for item, item_pointer in _operands(value, "or", pointer):
        if item == WITHHELD:
            raise OdrlRefused(item_pointer, "this value is withheld from you; give the value")
        group: dict[str, Any] = {}
        for part, part_pointer in _operands(item, "and", item_pointer):
            constraint = _members(part, part_pointer, needed={"leftOperand", "operator", "rightOperand"})
            reader = _OFFERED.get((str(constraint["leftOperand"]), str(constraint["operator"])))
            if reader is None or reader[0] not in CONSUMERS:
                names = ", ".join(sorted(CONSUMERS.values()))
                raise OdrlRefused(f"{part_pointer}/leftOperand", f"a group is of {names}, each with isAnyOf")
            _add(
                group, {reader[0]: reader[1](constraint["rightOperand"], f"{part_pointer}/rightOperand")}, part_pointer
            )
        groups.append(group)
    return groups


def _operands(value: Any, name: str, pointer: str) -> list[tuple[Any, str]]:
    operands = _members(_members(value, pointer, needed={name})[name], f"{pointer}/{name}", needed={"@list"})["@list"]
    at = f"{pointer}/{name}/@list"
    pairs = [(operand, f"{at}/{index}") for index, operand in enumerate(_list(operands, at))]
    if not pairs:
        raise OdrlRefused(at, "a list that is not empty is needed")
    return pairs


def _rate(requests: int, unit: Any, pointer: str) -> dict[str, Any]:
    if unit not in ("dx:hour", "dx:day"):
        raise OdrlRefused(f"{pointer}/unit", "requests are counted per dx:hour or dx:day")
    return {"requests": requests, "per": unit.removeprefix("dx:")}


def _duty(value: Any, pointer: str) -> dict[str, Any]:
    duty = _members(value, pointer, needed={"action"}, optional={"constraint"})
    if duty["action"] == "obtainConsent" and "constraint" not in duty:
        return {"consent": True}
    if duty["action"] != "compensate":
        raise OdrlRefused(f"{pointer}/action", "a duty is obtainConsent, without constraints, or compensate")
    at = f"{pointer}/constraint"
    price: dict[str, Any] = {}
    for index, item in enumerate(_list(duty.get("constraint"), at)):
        item_pointer = f"{at}/{index}"
        constraint = _members(item, item_pointer, needed={"leftOperand", "operator", "rightOperand"}, optional={"unit"})
        _same(constraint["operator"], "eq", f"{item_pointer}/operator", "for a price the operator is eq")
        if constraint["leftOperand"] == "payAmount":
            amount = _literal(constraint["rightOperand"], "xsd:decimal", f"{item_pointer}/rightOperand")
            unit = constraint.get("unit")
            if not isinstance(unit, str) or not unit.startswith(CURRENCY):
                raise OdrlRefused(f"{item_pointer}/unit", f"the unit is {CURRENCY} and a currency's code")
            _add(price, {"amount": amount, "currency": unit.removeprefix(CURRENCY)}, item_pointer)
        elif constraint["leftOperand"] == "dx:chargedPer" and "unit" not in constraint:
            _add(price, {"per": _text(constraint["rightOperand"], f"{item_pointer}/rightOperand")}, item_pointer)
        else:
            raise OdrlRefused(item_pointer, "a price has payAmount with its unit, and dx:chargedPer")
    if price.keys() != {"amount", "currency", "per"}:
        raise OdrlRefused(at, "a price has payAmount with its unit, and dx:chargedPer")
    return {"price": price}


def _add(terms: dict[str, Any], more: Mapping[str, Any], pointer: str) -> None:
    if terms.keys() & more.keys():
        raise OdrlRefused(pointer, "this constraint appears twice; terms have it once")
    terms.update(more)


def _rules(
    source: Mapping[str, Any], name: str, *, at: str = "", exactly: int | None = None, most: int | None = None
) -> list[tuple[Any, str]]:
    """The rules of a kind with their pointers. JSON-LD allows a single rule without a list around it."""
    value = source.get(name, [])
    if isinstance(value, Mapping):
        return [(value, f"{at}/{name}")]
    rules = [(rule, f"{at}/{name}/{index}") for index, rule in enumerate(_list(value, f"{at}/{name}"))]
    if (exactly is not None and len(rules) != exactly) or (most is not None and len(rules) > most):
        raise OdrlRefused(f"{at}/{name}", "terms are one permission, and at most one prohibition")
    return rules


def _members(value: Any, pointer: str, *, needed: set[str], optional: Iterable[str] = ()) -> Mapping[str, Any]:
    """An object with all of `needed`, and no other members than those of `optional`."""
    if not isinstance(value, Mapping):
        raise OdrlRefused(pointer, "an object is needed")
    for name in value:
        if name not in needed and name not in optional:
            escaped = str(name).replace("~", "~0").replace("/", "~1")
            raise OdrlRefused(f"{pointer}/{escaped}", "terms cannot express this")
    for name in sorted(needed - value.keys()):
        raise OdrlRefused(pointer, f"{name} is needed")
    return value


def _same(value: Any, expected: Any, pointer: str, reason: str) -> None:
    if value != expected or type(value) is not type(expected):
        raise OdrlRefused(pointer, reason)


def _list(value: Any, pointer: str) -> list[Any]:
    if not isinstance(value, list):
        raise OdrlRefused(pointer, "a list is needed")
    return value


def _literal(value: Any, type_: str, pointer: str) -> Any:
    literal = _members(value, pointer, needed={"@type", "@value"})
    _same(literal["@type"], type_, f"{pointer}/@type", f"the type is {type_}")
    if type_ == "@json":
        return literal["@value"]
    return _text(literal["@value"], f"{pointer}/@value")


def _text(value: Any, pointer: str) -> str:
    if not isinstance(value, str):
        raise OdrlRefused(pointer, "text is needed")
    return value


def _texts(value: Any, pointer: str) -> list[str]:
    """A list of texts, refused when empty: `isAnyOf` of nothing admits nobody, but an empty list in terms admits everyone."""
    texts = [_text(item, f"{pointer}/{index}") for index, item in enumerate(_list(value, pointer))]
    if not texts:
        raise OdrlRefused(pointer, "a list that is not empty is needed")
    return texts


def _parties(value: Any, pointer: str) -> list[str]:
    parties = []
    for index, item in enumerate(_list(value, pointer)):
        item_pointer = f"{pointer}/{index}"
        iri = _text(_members(item, item_pointer, needed={"@id"})["@id"], f"{item_pointer}/@id")
        if not iri.startswith(URN):
            raise OdrlRefused(f"{item_pointer}/@id", f"a participant is named by {URN} and its id")
        parties.append(iri.removeprefix(URN))
    if not parties:
        raise OdrlRefused(pointer, "a list that is not empty is needed")
    return parties


def _count(value: Any, pointer: str) -> int:
    if type(value) is not int:
        raise OdrlRefused(pointer, "an integer is needed")
    return value


def _object(value: Any, pointer: str) -> Mapping[str, Any]:
    members = _literal(value, "@json", pointer)
    if not isinstance(members, Mapping) or not members:
        raise OdrlRefused(f"{pointer}/@value", "an object that is not empty is needed")
    return members


def _array(value: Any, pointer: str) -> list[Any]:
    members = _list(_literal(value, "@json", pointer), f"{pointer}/@value")
    if not members:
        raise OdrlRefused(f"{pointer}/@value", "a list that is not empty is needed")
    return members


def _moment(value: Any, pointer: str) -> str:
    return str(_literal(value, "xsd:dateTime", pointer))


_BOTH: _Readers = {
    ("purpose", "isAnyOf"): ("purposes", _texts),
    ("dateTime", "lt"): ("not_after", _moment),
    ("dx:field", "isAnyOf"): ("fields", _texts),
    ("dx:answers", "eq"): ("answers", _array),
    ("dx:masks", "eq"): ("masks", _object),
    ("dx:rowFilter", "eq"): ("row_filter", _object),
    ("dx:rowsPerDelivery", "lteq"): ("row_cap", _count),
}
_OFFERED: _Readers = {
    **_BOTH,
    ("recipient", "isAnyOf"): ("organisations", _parties),
    ("dx:recipientKind", "isAnyOf"): ("kinds", _texts),
    ("dx:recipientLevel", "isAnyOf"): ("levels", _texts),
    ("dx:groupSize", "gteq"): ("min_group", _count),
    ("dx:legalBasis", "eq"): ("basis", _text),
    ("count", "lteq"): ("rate", _count),
}
_AGREED: _Readers = {**_BOTH, ("dateTime", "gteq"): ("not_before", _moment)}
