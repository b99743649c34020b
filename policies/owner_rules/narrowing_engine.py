"""An engine in front of an engine: it completes what the policy allows by what the policy cannot see.

An allowance takes over the rates that its agreement froze. One whose obligations fit no field of the dataset becomes a
denial. Then the owner's modules are asked: the one that the terms name, and the one that the agreement was granted under.
policies/owner_rules/narrowing.py applies a module's answer, the same for every engine of the policy. A module that is
missing or gives no answer denies with `policy-unavailable`.
"""

from collections.abc import Awaitable, Callable

from policies.decision.conclusion import deny_unavailable
from policies.decision.documents import Decision, DeliveryInput, Obligations, Rate, deny
from policies.engines.contract import Engine
from policies.owner_rules.modules import OwnerModule
from policies.owner_rules.narrowing import InvalidNarrowing, build_question, narrow, read_narrowing
from policies.owner_rules.process import NoAnswer
from policies.owner_rules.sandboxes import Sandboxes

FindModule = Callable[[str, str], Awaitable[OwnerModule]]
"""Finds the module of an owner (first argument) by its digest. Raises ModuleMissing."""

FindMisfit = Callable[[DeliveryInput, Obligations], str | None]
"""What of obligations cannot be carried out on the fields that the document names, in words; None if all can."""

_FITS = "agreement.fits"


class ModuleMissing(LookupError):
    """The owner has no module of this digest, or its stored text has another digest. The message says which."""


class NarrowingEngine:
    """An engine whose allowances are completed, and narrowed by owners' modules."""

    def __init__(self, engine: Engine, *, find: FindModule, sandboxes: Sandboxes, find_misfit: FindMisfit) -> None:
        self._engine = engine
        self._find = find
        self._sandboxes = sandboxes
        self._find_misfit = find_misfit

    @property
    def name(self) -> str:
        """The name of the engine that decides by the policy."""
        return self._engine.name

    @property
    def revision(self) -> str:
        """The revision of the policy; the digest of a module is in the document."""
        return self._engine.revision

    async def decide(self, document: DeliveryInput) -> Decision:
        """Decide one delivery; see Engine."""
        decision = complete(await self._engine.decide(document), document, find_misfit=self._find_misfit)
        for digest in list_modules(document, decision):
            decision = await self._narrow(decision, document, digest)
        return decision

    async def _narrow(self, decision: Decision, document: DeliveryInput, digest: str) -> Decision:
        rule = name_rule(digest)
        try:
            module = await self._find(document.resource.owner, digest)
            return await apply_module(
                decision, document, module=module, sandboxes=self._sandboxes, find_misfit=self._find_misfit
            )
        except (ModuleMissing, NoAnswer) as problem:
            cause = str(problem)
        except Exception as problem:  # noqa: BLE001 - without an answer there is no decision, whatever the cause
            cause = type(problem).__name__
        return deny_unavailable(cause, revision=self.revision, engine=rule, rule=rule)


def complete(decision: Decision, document: DeliveryInput, *, find_misfit: FindMisfit) -> Decision:
    """An allowance with the rates that its agreement froze, or the denial `agreement-unfit`; a denial as it is.

    The policy knows no types of fields, so it allows a mask or a row filter that the published version's fields do not fit.
    """
    if decision.obligations is None or decision.agreement is None:
        return decision
    misfit = find_misfit(document, decision.obligations)
    if misfit is not None:
        return deny("agreement-unfit", rule=_FITS, revision=decision.revision, ref=decision.agreement, message=misfit)
    frozen = next(agreement.rates for agreement in document.agreements if agreement.id == decision.agreement)
    if not frozen:
        return decision
    rates = lower_rates(decision.obligations.rates, frozen)
    return decision.model_copy(update={"obligations": decision.obligations.model_copy(update={"rates": rates})})


def lower_rates(first: tuple[Rate, ...], second: tuple[Rate, ...]) -> tuple[Rate, ...]:
    """The rates that hold where both hold: the lowest of each period."""
    lowest: dict[int, Rate] = {}
    for rate in sorted((*first, *second), key=lambda rate: -rate.requests):
        lowest[rate.seconds] = rate
    return tuple(lowest[seconds] for seconds in sorted(lowest))


def list_modules(document: DeliveryInput, decision: Decision) -> tuple[str, ...]:
    """The digests of the modules that an allowance has to pass: that of the terms, and that of the agreement."""
    if decision.agreement is None:
        return ()
    granted = [agreement.module for agreement in document.agreements if agreement.id == decision.agreement]
    return tuple(dict.fromkeys(digest for digest in (document.resource.terms.module, *granted) if digest is not None))


async def apply_module(
    decision: Decision, document: DeliveryInput, *, module: OwnerModule, sandboxes: Sandboxes, find_misfit: FindMisfit
) -> Decision:
    """Ask a module about an allowance, and apply its answer. A denial is returned as it is. Raises NoAnswer."""
    if decision.agreement is None:
        return decision
    rule = name_rule(module.digest)
    question = build_question(document, agreement=decision.agreement)
    answer = await sandboxes.ask(module, question, owner=document.resource.owner)
    try:
        narrowing = read_narrowing(answer, literals=module.literals)
    except InvalidNarrowing as problem:
        if problem.is_unknown:
            return deny("obligation-unknown", rule=rule, revision=decision.revision)
        return deny_unavailable(str(problem), revision=decision.revision, engine=rule, rule=rule)
    narrowed = narrow(decision, narrowing, document, rule=rule)
    if narrowed.obligations is not None and find_misfit(document, narrowed.obligations) is not None:
        return deny("obligation-unknown", rule=rule, revision=decision.revision)
    return narrowed


def name_rule(digest: str) -> str:
    """The rule that reasons name where a module denied."""
    return f"module.{digest}"
