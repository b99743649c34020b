"""An engine in front of an engine: it asks the owner's module about what the policy allows, where the terms name a module.

policies/owner_rules/narrowing.py applies the module's answer, the same for every engine of the policy. A module that is
missing or gives no answer denies with `policy-unavailable`.
"""

from collections.abc import Awaitable, Callable

from policies.decision.conclusion import deny_unavailable
from policies.decision.documents import Decision, DeliveryInput, Obligations, deny
from policies.engines.contract import Engine
from policies.owner_rules.modules import OwnerModule
from policies.owner_rules.narrowing import InvalidNarrowing, build_question, narrow, read_narrowing
from policies.owner_rules.process import NoAnswer
from policies.owner_rules.sandboxes import Sandboxes

FindModule = Callable[[str, str], Awaitable[OwnerModule]]
"""Finds the module of an owner (first argument) by its digest. Raises ModuleMissing."""

Fits = Callable[[DeliveryInput, Obligations], bool]
"""Whether obligations can be carried out on the fields that the document names."""


class ModuleMissing(LookupError):
    """The owner has no module of this digest, or its stored text has another digest. The message says which."""


class NarrowingEngine:
    """An engine whose allowances owners' modules narrow."""

    def __init__(self, engine: Engine, *, find: FindModule, sandboxes: Sandboxes, fits: Fits) -> None:
        self._engine = engine
        self._find = find
        self._sandboxes = sandboxes
        self._fits = fits

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
        decision = await self._engine.decide(document)
        digest = document.resource.terms.module
        if digest is None or not decision.allow:
            return decision
        rule = name_rule(digest)
        try:
            module = await self._find(document.resource.owner, digest)
            return await apply_module(decision, document, module=module, sandboxes=self._sandboxes, fits=self._fits)
        except (ModuleMissing, NoAnswer) as problem:
            cause = str(problem)
        except Exception as problem:  # noqa: BLE001 - without an answer there is no decision, whatever the cause
            cause = type(problem).__name__
        return deny_unavailable(cause, revision=self.revision, engine=rule, rule=rule)


async def apply_module(
    decision: Decision, document: DeliveryInput, *, module: OwnerModule, sandboxes: Sandboxes, fits: Fits
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
    if narrowed.obligations is not None and not fits(document, narrowed.obligations):
        return deny("obligation-unknown", rule=rule, revision=decision.revision)
    return narrowed


def name_rule(digest: str) -> str:
    """The rule that reasons name where a module denied."""
    return f"module.{digest}"
