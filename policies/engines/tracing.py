"""What each rule says about a document, and whose word each obligation is: a decision taken apart for people to read.

A decision tells why it denies. Before anybody asks for data its owner wants to see as well what would allow it. The rules
asked are the conjuncts of `allow` as they stand in the policy, so none can be forgotten here.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from policies.decision.conclusion import conclude
from policies.decision.documents import Agreement, Decision, DeliveryInput, Terms
from policies.engines.interpreter import ENTRY_POINT, Interpreters
from policies.rego.bundle import Bundle

Source = Literal["terms", "agreement", "module"]
_MODULE = "delivery.rego"
_ALLOW = re.compile(r"^allow if \{\n(?P<body>(?:\t[a-z_]+\n)+)\}", re.MULTILINE)
_UNDEFINED = "<undefined>"


class Tracer:
    """The rules of a bundle, asked one by one on the embedded engine. Safe to share between threads."""

    def __init__(self, bundle: Bundle) -> None:
        self.rules = conjuncts(bundle)
        self._interpreters = Interpreters(bundle)
        self._revision = bundle.digest

    def proven(self, document: DeliveryInput) -> Mapping[str, bool]:
        """Each rule that an allowance needs, by its name, and whether it is proven."""
        asked = document.to_json().decode()
        said = {
            rule: json.loads(self._interpreters.answer(f"data.exchange.delivery.{rule}", asked)) for rule in self.rules
        }
        return {f"delivery.{rule}": answer not in (_UNDEFINED, False) for rule, answer in said.items()}

    def allowed(self, document: DeliveryInput) -> Decision:
        """The decision of the policy alone, before an owner's module speaks."""
        answer = self._interpreters.answer(ENTRY_POINT, document.to_json().decode())
        return conclude(answer, revision=self._revision, engine="tracer")

    def close(self) -> None:
        """Let go of this thread's interpreter."""
        self._interpreters.close()


def conjuncts(bundle: Bundle) -> tuple[str, ...]:
    """The rules that an allowance needs, in the order in which the policy names them. Raises ValueError."""
    found = _ALLOW.search(bundle.files[_MODULE].decode())
    if found is None:
        raise ValueError("the policy has no rule `allow` that is a conjunction of rules")
    return tuple(line.strip() for line in found["body"].splitlines())


@dataclass(frozen=True, slots=True)
class Traced:
    """One obligation: what it is, and whose word it is."""

    kind: Literal["column", "row_filter", "row_cap", "not_after"]
    value: Any
    sources: tuple[Source, ...]
    name: str | None = None


def obliged(document: DeliveryInput, decision: Decision, *, before: Decision | None = None) -> tuple[Traced, ...]:
    """
    The obligations of an allowance, each with the side it comes from: the owner's terms, the agreement, or both.

    `before` is the decision that the owner's module narrowed; what is otherwise since then is the module's word.
    """
    if decision.obligations is None:
        return ()
    found = _obliged(document, decision)
    if before is None or before.obligations is None:
        return found
    known = _obliged(document, before)
    return tuple(one if one in known else replace(one, sources=("module",)) for one in found)


def _obliged(document: DeliveryInput, decision: Decision) -> tuple[Traced, ...]:
    assert decision.obligations is not None  # noqa: S101 - the caller looked
    terms = document.resource.terms
    agreement = next(one for one in document.agreements if one.id == decision.agreement)
    obligations = decision.obligations
    found = [
        Traced("column", one.mask, _mask(one.mask, terms.masks.get(one.name), agreement.masks.get(one.name)), one.name)
        for one in obligations.columns
    ]
    found += [Traced("row_filter", one, _filter(one, terms, agreement)) for one in obligations.row_filters]
    found.append(Traced("row_cap", obligations.row_cap, _from(obligations.row_cap, terms.row_cap, agreement.row_cap)))
    found.append(
        Traced("not_after", obligations.not_after, _from(obligations.not_after, terms.not_after, agreement.not_after))
    )
    return tuple(found)


def _from(value: Any, terms: Any, agreement: Any) -> tuple[Source, ...]:
    sides: Sequence[tuple[Source, Any]] = (("terms", terms), ("agreement", agreement))
    return tuple(side for side, said in sides if value is not None and said == value)


def _mask(mask: Any, terms: Any, agreement: Any) -> tuple[Source, ...]:
    """Where neither side's mask shows less than the other's, what is left of both is neither's alone."""
    return _from(mask, terms, agreement) or (("terms", "agreement") if mask is not None else ())


def _filter(condition: Any, terms: Terms, agreement: Agreement) -> tuple[Source, ...]:
    sides: Sequence[tuple[Source, Any]] = (("terms", terms.row_filters), ("agreement", agreement.row_filters))
    return tuple(side for side, filters in sides if condition in filters)
