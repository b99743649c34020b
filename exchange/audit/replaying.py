"""Replaying: a decision is made again from its recorded inputs, and compared with its entry.

A decision depends on the policy bundle, the input document, the owner's module that this names, and the time of the
entry alone. Each of them is checked against its digest in the entry first, so altered records are reported and not
replayed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from cachetools import LRUCache
from pydantic import ValidationError

from exchange.audit.queries import Leaf
from exchange.audit.reading import parse
from exchange.catalog import queries as catalog
from exchange.catalog.terms.checks import find_misfit
from exchange.decisions import queries as decisions
from exchange.decisions.service import build_record, hash_salted
from exchange.kernel.database import Connection
from exchange.kernel.identifiers import as_id
from exchange.policy_modules import queries as modules
from ledger import entries
from ledger.format import canonical
from policies.decision.documents import Decision, DeliveryInput
from policies.engines.embedded import BundleRefused, EmbeddedEngine
from policies.owner_rules.narrowing_engine import ModuleMissing, apply_module, complete, list_modules
from policies.owner_rules.process import NoAnswer
from policies.owner_rules.sandboxes import Sandboxes
from policies.rego.bundle import Bundle

Verdict = Literal[
    "agrees",
    "reason-renamed",
    "differs",
    "no-decision",
    "policy-unavailable",
    "entry-altered",
    "bundle-missing",
    "bundle-altered",
    "input-missing",
    "input-altered",
    "salt-missing",
    "module-missing",
    "module-altered",
    "module-failed",
]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
EXPLANATIONS: dict[Verdict, str] = {
    "agrees": "the same outcome, reasons and obligations",
    "reason-renamed": "the same denial, whose reason a former version called otherwise (`differences` has both names)",
    "differs": "another decision than the entry records",
    "no-decision": "no decision was made: the request was refused earlier, or the entry is of another kind",
    "policy-unavailable": "the engine was unavailable, which denied the request without a decision",
    "entry-altered": "the entry is missing, or its bytes differ from its hash",
    "bundle-missing": "the policy bundle that decided is missing",
    "bundle-altered": "the stored policy bundle is not the one that decided",
    "input-missing": "the input document is missing; it may have been deleted after its retention",
    "input-altered": "the stored input document is not the one that was decided on",
    "salt-missing": "the salt of the dataset's version is missing, so the input cannot be checked against its digest",
    "module-missing": "the owner's module that narrowed the decision is missing",
    "module-altered": "the stored module is not the one that narrowed the decision",
    "module-failed": "the owner's module gave no answer in time; on a less busy machine it may",
}
SOUND: frozenset[Verdict] = frozenset({"agrees", "reason-renamed", "no-decision", "policy-unavailable"})
"""The verdicts under which nothing differs and nothing is missing."""

_RENAMED = {"obligation-unknown": "agreement-unfit"}
"""Names of reasons in entries of former versions, and the present ones: a mask or filter that a version does not fit."""

_ENGINES = 16


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between an entry and the replayed decision."""

    what: str
    recorded: Any
    replayed: Any


@dataclass(frozen=True, slots=True)
class Replayed:
    """The replay of one entry. `input` is the document without its time, `salt` the salt of its digest in the entry."""

    index: int
    verdict: Verdict
    at: str | None = None
    policy: str | None = None
    differences: tuple[Difference, ...] = ()
    input: dict[str, Any] | None = None
    salt: str | None = None

    @property
    def explanation(self) -> str:
        """The verdict in words."""
        return EXPLANATIONS[self.verdict]


class _Engines(LRUCache[str, "EmbeddedEngine | Verdict"]):
    """Engines by the digest of their bundle; the one that leaves the cache is closed."""

    def popitem(self) -> tuple[str, "EmbeddedEngine | Verdict"]:
        """Remove the least recently used engine."""
        digest, engine = super().popitem()
        if isinstance(engine, EmbeddedEngine):
            engine.close()
        return digest, engine


class Replayer:
    """Replays entries on one connection, with an engine of its own for each bundle. Owners' modules run in the sandboxes.

    Use and close it on one thread.
    """

    def __init__(self, connection: Connection, sandboxes: Sandboxes) -> None:
        self._connection = connection
        self._sandboxes = sandboxes
        self._engines = _Engines(maxsize=_ENGINES)

    async def replay(self, index: int, leaf: Leaf | None) -> Replayed:
        """Replay the decision of an entry; any obstacle is the verdict."""
        entry = parse(index, leaf)
        if entry is None:
            return Replayed(index, "entry-altered")
        at = entry.body.get("at")
        if "decision" not in entry.body:
            return Replayed(index, "no-decision", at)
        try:
            was = entries.Decision.model_validate_json(canonical.dumps(entry.body["decision"]))
            made_at = datetime.fromisoformat(str(at))
        except (ValidationError, ValueError):
            return Replayed(index, "entry-altered", at)
        return await self._decide(index, was, entry.body, int(made_at.timestamp()))

    async def _decide(self, index: int, was: entries.Decision, body: dict[str, Any], now: int) -> Replayed:
        at = body["at"]

        def stopped(verdict: Verdict) -> Replayed:
            return Replayed(index, verdict, at, was.policy)

        if any(reason.code == "policy-unavailable" for reason in was.reasons):
            return stopped("policy-unavailable")
        engine = await self._engine(was.policy)
        if not isinstance(engine, EmbeddedEngine):
            return stopped(engine)
        inputs = await self._input(was, body)
        if not isinstance(inputs, tuple):
            return stopped(inputs)
        document, salt = inputs
        facts = json.loads(document)
        whole = json.dumps({**facts, "now": now}, ensure_ascii=False).encode()
        decided = engine.decide_document(whole)
        if decided.allow:
            completed = await self._completed(decided, whole)
            if not isinstance(completed, Decision):
                return stopped(completed)
            decided = completed
        is_now = build_record(decided, engine=engine.name, facts=document, salt=salt)
        differences = _differences(was, is_now, body.get("agreement"), decided)
        return Replayed(index, _verdict(differences), at, was.policy, differences, facts, salt)

    def close(self) -> None:
        """Free the engines, on the thread that replayed."""
        while self._engines:
            self._engines.popitem()

    async def _input(self, was: entries.Decision, body: dict[str, Any]) -> tuple[bytes, str] | Verdict:
        """The input document of a decision, checked against its digest, and the digest's salt."""
        document = await decisions.find_input(self._connection, was.input) if was.input else None
        if document is None:
            return "input-missing"
        salt = await self._salt(body)
        if salt is None:
            return "salt-missing"
        return (document, salt) if hash_salted(document, salt=salt) == was.input else "input-altered"

    async def _completed(self, decided: Decision, document: bytes) -> Decision | Verdict:
        """Complete an allowance, and narrow it by the owner's modules, as then. A former version's document may not be read."""
        try:
            question = DeliveryInput.model_validate_json(document)
        except ValidationError:
            return decided if json.loads(document)["resource"]["terms"].get("module") is None else "module-failed"
        cut = complete(decided, question, find_misfit=find_misfit)
        for digest in list_modules(question, cut):
            narrowed = await self._narrowed(cut, question, digest)
            if not isinstance(narrowed, Decision):
                return narrowed
            cut = narrowed
        return cut

    async def _narrowed(self, decided: Decision, question: DeliveryInput, digest: str) -> Decision | Verdict:
        try:
            module = await modules.load_module(self._connection, UUID(question.resource.owner), digest)
            cut = await apply_module(
                decided, question, module=module, sandboxes=self._sandboxes, find_misfit=find_misfit
            )
        except modules.ModuleAltered:
            return "module-altered"
        except ModuleMissing:
            return "module-missing"
        except NoAnswer:
            return "module-failed"
        return cut if not any(reason.code == "policy-unavailable" for reason in cut.reasons) else "module-failed"

    async def _engine(self, digest: str) -> EmbeddedEngine | Verdict:
        engine = self._engines.get(digest)
        if engine is None:
            engine = _prepare(await decisions.find_bundle(self._connection, digest), digest)
            self._engines[digest] = engine
        return engine

    async def _salt(self, body: dict[str, Any]) -> str | None:
        about = body.get("object") or {}
        identifier = as_id(str(about.get("id")))
        version = about.get("version")
        if identifier is None or not isinstance(version, int):
            return None
        return await catalog.salt_of(self._connection, UUID(str(identifier)), version)


def _prepare(bundle: Bundle | None, digest: str) -> EmbeddedEngine | Verdict:
    if bundle is None:
        return "bundle-missing"
    if bundle.digest != digest:
        return "bundle-altered"
    try:
        return EmbeddedEngine(bundle)
    except BundleRefused:  # the bundle that decided compiles, so this is another
        return "bundle-altered"


def _verdict(differences: Sequence[Difference]) -> Verdict:
    """The verdict of a comparison. A denial for a reason that has another name by now is the same denial."""
    if not differences:
        return "agrees"
    [first, *others] = differences
    if others or first.what != "reasons":
        return "differs"
    recorded, replayed = ({reason["code"] for reason in reasons} for reasons in (first.recorded, first.replayed))
    return "reason-renamed" if {_RENAMED.get(code, code) for code in recorded} == replayed else "differs"


def _differences(
    was: entries.Decision, is_now: entries.Decision, agreement: str | None, decided: Decision
) -> tuple[Difference, ...]:
    pairs = [
        ("outcome", was.outcome, is_now.outcome),
        ("agreement", agreement, decided.agreement),
        ("obligations", was.obligations, is_now.obligations),
        (
            "reasons",
            [reason.model_dump(exclude_none=True) for reason in was.reasons],
            [reason.model_dump(exclude_none=True) for reason in is_now.reasons],
        ),
    ]
    return tuple(Difference(what, recorded, replayed) for what, recorded, replayed in pairs if recorded != replayed)
