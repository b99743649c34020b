"""An engine in front of an engine: what the policy allows is put to the owner's own module, where the terms have one.

The module speaks after the policy and only of what that allows; what becomes of its words is made in
policies/owner_rules/narrowing.py, the same whichever engine the policy is on. A module that cannot be found or gives no answer is a
policy that could not be asked.
"""

from collections.abc import Awaitable, Callable

from policies.decision.conclusion import unavailable
from policies.decision.documents import Decision, DeliveryInput, Obligations, deny
from policies.engines.engine import Engine
from policies.owner_rules.modules import OwnerModule
from policies.owner_rules.narrowing import NotSaid, heard, narrow, question
from policies.owner_rules.workers import NoAnswer, Sandbox

Find = Callable[[str, str], Awaitable[OwnerModule]]
"""The module of an owner by its digest. Raises ModuleMissing."""

Fits = Callable[[DeliveryInput, Obligations], bool]
"""Whether obligations can be carried out on the fields that the document names."""


class ModuleMissing(LookupError):
    """There is no such module of this owner here, or it is not what its digest names. The message says which."""


class Narrowed:
    """An engine whose allowances owners' modules narrow."""

    def __init__(self, engine: Engine, *, find: Find, sandbox: Sandbox, fits: Fits) -> None:
        self._engine = engine
        self._find = find
        self._sandbox = sandbox
        self._fits = fits

    @property
    def name(self) -> str:
        """The name of the engine that decides by the policy."""
        return self._engine.name

    @property
    def revision(self) -> str:
        """The revision of the policy; a module's is in the document."""
        return self._engine.revision

    async def decide(self, document: DeliveryInput) -> Decision:
        """Decide one delivery; see Engine."""
        decision = await self._engine.decide(document)
        digest = document.resource.terms.module
        if digest is None or not decision.allow:
            return decision
        rule = rule_of(digest)
        try:
            module = await self._find(document.resource.owner, digest)
            return await narrowed(decision, document, module=module, sandbox=self._sandbox, fits=self._fits)
        except (ModuleMissing, NoAnswer) as problem:
            cause = str(problem)
        except Exception as problem:  # noqa: BLE001 - whatever it was, there is no decision
            cause = type(problem).__name__
        return unavailable(cause, revision=self.revision, engine=rule, rule=rule)


async def narrowed(
    decision: Decision, document: DeliveryInput, *, module: OwnerModule, sandbox: Sandbox, fits: Fits
) -> Decision:
    """What a module leaves of an allowance. Raises NoAnswer."""
    assert decision.agreement is not None  # noqa: S101 - an allowance has one
    rule = rule_of(module.digest)
    asked = question(document, agreement=decision.agreement)
    answer = await sandbox.ask(module, asked, owner=document.resource.owner)
    try:
        said = heard(answer, literals=module.literals)
    except NotSaid as problem:
        if problem.is_unknown:
            return deny("obligation-unknown", rule=rule, revision=decision.revision)
        return unavailable(str(problem), revision=decision.revision, engine=rule, rule=rule)
    cut = narrow(decision, said, document, rule=rule)
    if cut.obligations is not None and not fits(document, cut.obligations):
        return deny("obligation-unknown", rule=rule, revision=decision.revision)
    return cut


def rule_of(digest: str) -> str:
    """What reasons name where a module spoke."""
    return f"module.{digest}"
