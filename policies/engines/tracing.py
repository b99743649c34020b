"""Take a decision apart for people: which rules a document satisfies, and which side each obligation comes from.

A decision has reasons only for a denial. Before anybody requests data, its owner also wants to see what would allow it. The
rules are the conjuncts of `allow` in the policy itself, so that no rule is missing here.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from policies.decision.conclusion import conclude
from policies.decision.documents import Agreement, Decision, DeliveryInput, Obligations, Terms
from policies.engines.interpreter import ENTRY_POINT, Interpreters
from policies.rego.bundle import Bundle

Source = Literal["terms", "agreement", "module", "notices"]
_MODULE = "delivery.rego"
_ALLOW = re.compile(r"^allow if \{\n(?P<body>(?:\t[a-z_]+\n)+)\}", re.MULTILINE)
_UNDEFINED = "<undefined>"


class Tracer:
    """Evaluates the rules of a bundle one by one on the embedded engine. Safe to share between threads."""

    def __init__(self, bundle: Bundle) -> None:
        self.rules = list_conjuncts(bundle)
        self._interpreters = Interpreters(bundle)
        self._revision = bundle.digest

    def evaluate_rules(self, document: DeliveryInput) -> Mapping[str, bool]:
        """Evaluate each rule that an allowance needs: whether the document satisfies it, by the rule's name."""
        facts = document.to_json().decode()
        answers = {
            rule: json.loads(self._interpreters.evaluate(f"data.exchange.delivery.{rule}", facts))
            for rule in self.rules
        }
        return {f"delivery.{rule}": answer not in (_UNDEFINED, False) for rule, answer in answers.items()}

    def decide(self, document: DeliveryInput) -> Decision:
        """The decision of the policy alone, without the owner's module."""
        answer = self._interpreters.evaluate(ENTRY_POINT, document.to_json().decode())
        return conclude(answer, revision=self._revision, engine="tracer")

    def close(self) -> None:
        """Free this thread's interpreter."""
        self._interpreters.close()


def list_conjuncts(bundle: Bundle) -> tuple[str, ...]:
    """The rules that an allowance needs, in the order of the policy. Raises ValueError."""
    allow = _ALLOW.search(bundle.files[_MODULE].decode())
    if allow is None:
        raise ValueError("the policy has no rule `allow` that is a conjunction of rules")
    return tuple(line.strip() for line in allow["body"].splitlines())


@dataclass(frozen=True, slots=True)
class TracedObligation:
    """One obligation and the sides that it comes from."""

    kind: Literal["column", "answer", "row_filter", "row_cap", "not_after", "people"]
    value: Any
    sources: tuple[Source, ...]
    name: str | None = None


def trace_obligations(
    document: DeliveryInput, decision: Decision, *, before: Decision | None = None
) -> tuple[TracedObligation, ...]:
    """
    The obligations of an allowance, each with its source: the owner's terms, the agreement, or both.

    `before` is the decision without the owner's module: an obligation that it lacks comes from the module.
    """
    if decision.obligations is None:
        return ()
    obligations = _trace(document, decision.agreement, decision.obligations)
    if before is None or before.obligations is None:
        return obligations
    without_module = _trace(document, before.agreement, before.obligations)
    return tuple(
        obligation if obligation in without_module else replace(obligation, sources=("module",))
        for obligation in obligations
    )


def _trace(document: DeliveryInput, chosen: str | None, obligations: Obligations) -> tuple[TracedObligation, ...]:
    terms = document.resource.terms
    agreement = next(agreement for agreement in document.agreements if agreement.id == chosen)
    return (
        *(
            TracedObligation(
                "column",
                column.mask,
                _sources_of_mask(column.mask, terms.masks.get(column.name), agreement.masks.get(column.name)),
                column.name,
            )
            for column in obligations.columns
        ),
        *(TracedObligation("answer", answer.where, ("terms",), answer.name) for answer in obligations.answers),
        *(
            TracedObligation("row_filter", condition, _sources_of_filter(condition, terms, agreement))
            for condition in obligations.row_filters
        ),
        TracedObligation(
            "row_cap", obligations.row_cap, _sources(obligations.row_cap, terms.row_cap, agreement.row_cap)
        ),
        TracedObligation(
            "not_after", obligations.not_after, _sources(obligations.not_after, terms.not_after, agreement.not_after)
        ),
        *_trace_people(obligations),
    )


def _trace_people(obligations: Obligations) -> tuple[TracedObligation, ...]:
    people = obligations.people
    return (TracedObligation("people", list(people.consent), ("notices",)),) if people is not None else ()


def _sources(value: Any, terms: Any, agreement: Any) -> tuple[Source, ...]:
    sides: tuple[tuple[Source, Any], ...] = (("terms", terms), ("agreement", agreement))
    return tuple(side for side, theirs in sides if value is not None and theirs == value)


def _sources_of_mask(mask: Any, terms: Any, agreement: Any) -> tuple[Source, ...]:
    """Both sides where neither's mask is the stricter: the policy then takes the mask `null`, which is neither's own."""
    return _sources(mask, terms, agreement) or (("terms", "agreement") if mask is not None else ())


def _sources_of_filter(condition: Any, terms: Terms, agreement: Agreement) -> tuple[Source, ...]:
    sides: tuple[tuple[Source, Any], ...] = (("terms", terms.row_filters), ("agreement", agreement.row_filters))
    return tuple(side for side, filters in sides if condition in filters)
