"""The sandboxed processes of owners' modules: their limits, what happens beyond them, and the same answers as OPA."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from policies.decision.documents import Decision, DeliveryInput, Obligations, Rate
from policies.engines.embedded import EmbeddedEngine
from policies.owner_rules import sandboxes as pool
from policies.owner_rules.modules import Diagnostic, OwnerModule
from policies.owner_rules.narrowing import build_question, narrow, read_narrowing
from policies.owner_rules.narrowing_engine import ModuleMissing, NarrowingEngine, lower_rates, name_rule
from policies.owner_rules.process import NoAnswer
from policies.owner_rules.sandboxes import Sandboxes, open_sandboxes
from tests.support.owner_modules import OFFICE, module_with, module_with_cap
from tests.support.policy_samples import any_document

DAY, EVENING = ({"calendar": {"hour": hour}, "subject": {"kind": "enterprise"}} for hour in (10, 20))
NUMBERS = f"numbers := {list(range(60))}\n\n"
SLOW = module_with(
    f"{NUMBERS}row_cap := count([1 | input.slow; some a in numbers; some b in numbers; some c in numbers; some d in numbers])"
)
LARGE = module_with(
    f"{NUMBERS}row_cap := count([[a, b, c, d] | input.slow; "
    "some a in numbers; some b in numbers; some c in numbers; some d in numbers])"
)
ENDLESS = module_with("row_cap := f(input.slow)\n\nf(x) := f(x) if x\n\nf(x) := 1 if not x")
TALKING = module_with("deny contains {`code`: `x`, `message`: x} if some x in input.long")


@pytest.fixture
async def sandboxes() -> AsyncIterator[Sandboxes]:
    async with open_sandboxes() as running:
        yield running


def process_of(sandboxes: Sandboxes, module: OwnerModule, owner: str = "") -> int:
    """The process that a module is in."""
    process = sandboxes._modules[owner, module.digest].process
    assert process is not None
    return process._process.pid


def children() -> list[str]:
    """The processes that this one has started as sandboxes."""
    listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    sandbox_ids = []
    for process in listed:
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
            if b"policies.owner_rules.sandbox" in (Path("/proc") / process / "cmdline").read_bytes():
                sandbox_ids.append(process)
    return sandbox_ids


def is_there(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


async def test_it_answers_and_stays(sandboxes: Sandboxes):
    assert (await sandboxes.ask(OFFICE, DAY))["deny"] == []
    process = process_of(sandboxes, OFFICE)
    assert (await sandboxes.ask(OFFICE, EVENING))["deny"][0]["code"] == "office-hours"
    assert process_of(sandboxes, OFFICE) == process
    assert await sandboxes.ask(module_with_cap(1), DAY) == {"row_cap": 1}
    assert process_of(sandboxes, module_with_cap(1)) != process


async def test_it_has_nobodys_environment_no_files_and_bounded_memory(
    sandboxes: Sandboxes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", "postgresql://secret")
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        await sandboxes.ask(OFFICE, DAY)
    process = Path("/proc") / str(process_of(sandboxes, OFFICE))
    assert (process / "environ").read_bytes() == b"MIMALLOC_ARENA_RESERVE=16384\0"
    assert (process / "cwd").readlink() == Path("/")
    assert {path.name for path in (process / "fd").iterdir()} == {"0", "1", "2"}
    limits = {line[:26].strip(): line[26:].split()[0] for line in (process / "limits").read_text().splitlines()[1:]}
    for none in ("Max open files", "Max file size", "Max processes", "Max core file size"):
        assert limits[none] == "0"
    assert int(limits["Max address space"]) < 400 << 20


@pytest.mark.parametrize("module", [SLOW, ENDLESS], ids=["time", "recursion"])
async def test_a_module_that_takes_too_much_loses_its_process_and_the_question(
    sandboxes: Sandboxes, module: OwnerModule
):
    assert await sandboxes.ask(module, {"slow": False})
    process = process_of(sandboxes, module)
    with pytest.raises(NoAnswer, match="more time or memory"):
        await sandboxes.ask(module, {"slow": True})
    assert not is_there(process)
    assert await sandboxes.ask(module, {"slow": False})


async def test_a_module_that_takes_too_much_memory_does_not_get_it():
    async with open_sandboxes(seconds=60) as sandboxes:
        with pytest.raises(NoAnswer, match="more time or memory"):
            await asyncio.wait_for(sandboxes.ask(LARGE, {"slow": True}), 30)


async def test_a_process_that_is_killed_is_started_again(sandboxes: Sandboxes):
    await sandboxes.ask(OFFICE, DAY)
    os.kill(process_of(sandboxes, OFFICE), signal.SIGKILL)
    with pytest.raises(NoAnswer):
        await sandboxes.ask(OFFICE, DAY)
    assert (await sandboxes.ask(OFFICE, DAY))["deny"] == []


async def test_a_stopped_process_is_waited_for_until_the_limit_only():
    async with open_sandboxes(seconds=0.01) as sandboxes:
        await sandboxes.ask(OFFICE, DAY)
        process = process_of(sandboxes, OFFICE)
        os.kill(process, signal.SIGSTOP)
        with pytest.raises(NoAnswer, match="not ready in time"):
            await sandboxes.ask(OFFICE, DAY)
        assert not is_there(process)


async def test_a_module_that_keeps_failing_is_paused():
    now = [0.0]
    sandboxes = Sandboxes(clock=lambda: now[0])
    for _ in range(3):
        with pytest.raises(NoAnswer, match="more time or memory"):
            await sandboxes.ask(SLOW, {"slow": True})
    with pytest.raises(NoAnswer, match="is paused"):
        await sandboxes.ask(SLOW, {"slow": False})
    assert await sandboxes.ask(module_with_cap(2), {}) == {"row_cap": 2}
    now[0] = 2.0
    assert await sandboxes.ask(SLOW, {"slow": False}) == {"row_cap": 0}
    await sandboxes.close()


async def test_a_failure_on_one_question_costs_no_process(sandboxes: Sandboxes):
    module = module_with("row_cap := 1\n\nrow_cap := 2 if input.two")
    await sandboxes.ask(module, {})
    process = process_of(sandboxes, module)
    for _ in range(5):
        with pytest.raises(NoAnswer, match=r"it failed at owner\.rego:5") as problem:
            await sandboxes.ask(module, {"two": "值-canary"})
        assert "canary" not in str(problem.value)
    assert await sandboxes.ask(module, {}) == {"row_cap": 1}
    assert process_of(sandboxes, module) == process


async def test_an_answer_above_the_limit_is_refused(sandboxes: Sandboxes):
    with pytest.raises(NoAnswer):
        await sandboxes.ask(TALKING, {"long": [f"{n:01000}" for n in range(400)]})
    assert len((await sandboxes.ask(TALKING, {"long": ["a", "b"]}))["deny"]) == 2


async def test_many_ask_at_once_and_each_gets_its_own_answer(sandboxes: Sandboxes):
    module = module_with("row_cap := input.n")
    answers = await asyncio.gather(*(sandboxes.ask(module, {"n": n}) for n in range(100)))
    assert answers == [{"row_cap": n} for n in range(100)]


async def test_a_cancelled_question_takes_no_other_answer(sandboxes: Sandboxes):
    module = module_with("row_cap := input.n")
    await sandboxes.ask(module, {"n": 0})
    tasks = [asyncio.create_task(sandboxes.ask(module, {"n": n})) for n in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    for n, answer in enumerate(answers):
        assert isinstance(answer, asyncio.CancelledError) if n % 2 == 0 else answer == {"row_cap": n}


async def test_so_many_processes_and_no_more_are_kept():
    async with open_sandboxes(most=2) as sandboxes:
        modules = [module_with_cap(n) for n in range(5)]
        for module in modules:
            await sandboxes.ask(module, {})
        assert list(sandboxes._modules) == [("", module.digest) for module in modules[3:]]
        processes = [process_of(sandboxes, module) for module in modules[3:]]
        assert await asyncio.gather(*(sandboxes.ask(module, {}) for module in modules)) == [
            {"row_cap": n} for n in range(5)
        ]
    for process in processes:
        assert not is_there(process)


async def test_there_are_no_more_processes_however_many_ask_at_once():
    async with open_sandboxes(most=2) as sandboxes:
        modules = [module_with_cap(n) for n in range(6)]
        tasks = [asyncio.create_task(sandboxes.ask(module, {})) for module in modules for _ in range(2)]
        most = 0
        while not all(task.done() for task in tasks):
            most = max(most, len(children()))
            await asyncio.sleep(0.001)
        assert [task.result() for task in tasks] == [{"row_cap": n} for n in range(6) for _ in range(2)]
        assert most == 2
        assert len(sandboxes._modules) == 2
    assert not children()


async def test_a_question_that_waits_too_long_gets_no_answer_and_is_no_failure(monkeypatch: pytest.MonkeyPatch):
    async with open_sandboxes(seconds=0.05, most=1) as sandboxes:
        await sandboxes.ask(OFFICE, DAY)
        os.kill(process_of(sandboxes, OFFICE), signal.SIGSTOP)
        standing = asyncio.create_task(sandboxes.ask(OFFICE, DAY))
        await asyncio.sleep(0)
        monkeypatch.setattr(pool, "STARTING", -0.9)  # a tenth of a second is left to wait
        with pytest.raises(NoAnswer, match="waited too long"):
            await sandboxes.ask(module_with_cap(1), {})
        monkeypatch.undo()
        with pytest.raises(NoAnswer, match="not ready in time"):
            await standing
        assert await sandboxes.ask(module_with_cap(1), {}) == {"row_cap": 1}


async def test_owners_take_turns_in_having_modules_checked(sandboxes: Sandboxes):
    """However many modules one owner submits at once, another's is checked beside them."""
    has_begun, go_on, running = asyncio.Event(), asyncio.Event(), 0

    async def hold(_module: OwnerModule, _tests: Mapping[str, int]) -> tuple[Diagnostic, ...]:
        nonlocal running
        running += 1
        has_begun.set()
        await go_on.wait()
        return ()

    busy = [
        asyncio.create_task(sandboxes.check(module_with_cap(number), owner="busy", then=hold)) for number in range(3, 7)
    ]
    await has_begun.wait()
    other = await asyncio.wait_for(sandboxes.check(module_with_cap(7), owner="other"), 30)
    assert not other.diagnostics
    assert running == 1
    go_on.set()
    assert not any(result.diagnostics for result in await asyncio.gather(*busy))
    assert running == len(busy)
    assert not sandboxes._owners


async def test_owners_of_the_same_text_share_neither_process_nor_failures(sandboxes: Sandboxes):
    for owner in ("one", "other"):
        await sandboxes.ask(SLOW, {"slow": False}, owner=owner)
    assert process_of(sandboxes, SLOW, "one") != process_of(sandboxes, SLOW, "other")
    for _ in range(3):
        with pytest.raises(NoAnswer, match="more time or memory"):
            await sandboxes.ask(SLOW, {"slow": True}, owner="one")
    with pytest.raises(NoAnswer, match="is paused"):
        await sandboxes.ask(SLOW, {"slow": False}, owner="one")
    assert await sandboxes.ask(SLOW, {"slow": False}, owner="other") == {"row_cap": 0}


async def test_a_cancelled_question_is_no_failure_of_the_module(sandboxes: Sandboxes):
    for _ in range(3):
        await sandboxes.ask(OFFICE, DAY)
        process = process_of(sandboxes, OFFICE)
        os.kill(process, signal.SIGSTOP)
        task = asyncio.create_task(sandboxes.ask(OFFICE, DAY))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not is_there(process)
    assert (await sandboxes.ask(OFFICE, DAY))["deny"] == []


async def test_a_question_cancelled_while_a_process_starts_leaves_none(sandboxes: Sandboxes):
    for steps in range(2, 12):
        task = asyncio.create_task(sandboxes.ask(OFFICE, DAY))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 5)
        assert not children()
    assert (await sandboxes.ask(OFFICE, DAY))["deny"] == []


# In front of an engine ---------------------------------------------------------------------------------------------------


def asked(module: OwnerModule | None, seed: int = 3) -> DeliveryInput:
    """A document that is allowed but for its module."""
    plain = any_document(Random(seed))
    if module is not None:
        plain["resource"]["terms"]["module"] = module.digest
    return DeliveryInput.model_validate_json(json.dumps(plain))


def in_front(
    engine: EmbeddedEngine, sandboxes: Sandboxes, *modules: OwnerModule, misfit_below: int = 0
) -> NarrowingEngine:
    """The engine with these modules. Obligations with a cap below `misfit_below` fit no field."""
    known = {module.digest: module for module in modules}

    async def find(owner: str, digest: str) -> OwnerModule:
        assert owner == "department"
        if digest not in known:
            raise ModuleMissing("not here")
        return known[digest]

    def find_misfit(_document: DeliveryInput, obligations: Obligations) -> str | None:
        return "it does not fit" if obligations.row_cap < misfit_below else None

    return NarrowingEngine(engine, find=find, sandboxes=sandboxes, find_misfit=find_misfit)


@pytest.fixture
def allowed_seed(engine: EmbeddedEngine) -> int:
    return next(seed for seed in range(100) if engine.decide_now(asked(None, seed)).allow)


async def test_without_a_module_it_is_the_engine(engine: EmbeddedEngine, sandboxes: Sandboxes, allowed_seed: int):
    narrowed = in_front(engine, sandboxes)
    assert (narrowed.name, narrowed.revision) == (engine.name, engine.revision)
    for seed in range(50):
        document = asked(None, seed)
        assert await narrowed.decide(document) == engine.decide_now(document)


async def test_what_the_policy_denies_is_put_to_no_module(engine: EmbeddedEngine, sandboxes: Sandboxes):
    seed = next(seed for seed in range(100) if not engine.decide_now(asked(None, seed)).allow)
    document = asked(module_with_cap(1), seed)
    assert await in_front(engine, sandboxes).decide(document) == engine.decide_now(document)


async def test_a_module_that_is_not_there_or_fails_denies(
    engine: EmbeddedEngine, sandboxes: Sandboxes, allowed_seed: int
):
    failing = module_with("row_cap := 1\n\nrow_cap := 2 if input.purpose")
    for module, known in ((module_with_cap(1), ()), (failing, (failing,)), (SLOW_ALWAYS, (SLOW_ALWAYS,))):
        decision = await in_front(engine, sandboxes, *known).decide(asked(module, allowed_seed))
        assert [(reason.code, reason.rule) for reason in decision.reasons] == [
            ("policy-unavailable", name_rule(module.digest))
        ]
        assert decision.revision == engine.revision


SLOW_ALWAYS = OwnerModule(SLOW.text.replace("input.slow; ", ""), "")


async def test_what_does_not_fit_the_fields_denies(engine: EmbeddedEngine, sandboxes: Sandboxes, allowed_seed: int):
    """A module's obligations and the agreement's are two causes: each denial names its own."""
    document = asked(module_with_cap(1), allowed_seed)
    allowed = engine.decide_now(document)
    assert allowed.obligations is not None
    cap = allowed.obligations.row_cap
    assert cap > 2
    by_module = await in_front(engine, sandboxes, module_with_cap(1), misfit_below=2).decide(document)
    assert [(reason.code, reason.rule) for reason in by_module.reasons] == [
        ("obligation-unknown", name_rule(module_with_cap(1).digest))
    ]
    by_agreement = await in_front(engine, sandboxes, module_with_cap(1), misfit_below=cap + 1).decide(document)
    assert [(reason.code, reason.rule, reason.ref, reason.message) for reason in by_agreement.reasons] == [
        ("agreement-unfit", "agreement.fits", allowed.agreement, "it does not fit")
    ]


async def test_the_module_of_the_agreement_is_asked_beside_that_of_the_terms(
    engine: EmbeddedEngine, sandboxes: Sandboxes, allowed_seed: int
):
    """An owner who detaches or replaces a module does not widen an agreement that was granted under it."""
    document = asked(None, allowed_seed)
    allowed = engine.decide_now(document)
    rate = Rate(requests=3, seconds=3600)
    agreements = tuple(
        agreement.model_copy(update={"module": module_with_cap(1).digest, "rates": (rate,)})
        for agreement in document.agreements
    )
    narrowed = in_front(engine, sandboxes, module_with_cap(1))
    decision = await narrowed.decide(document.model_copy(update={"agreements": agreements}))
    assert allowed.obligations is not None
    assert decision.obligations is not None
    assert (allowed.obligations.row_cap > 1, decision.obligations.row_cap) == (True, 1)
    assert decision.obligations.rates == lower_rates(allowed.obligations.rates, (rate,))


# OPA's word ------------------------------------------------------------------------------------------------------------

ALIKE = module_with(
    r"""
weekend if input.calendar.weekday > 5

deny contains {"code": "weekend", "message": "Ask on a working day."} if weekend

deny contains {"code": "foreign", "message": "Only for those of the province."} if {
	not input.subject.level in {"province", "city"}
	every field in input.resource.fields { field.level != "G1" }
}

deny contains {"code": code} if {
	some agreement in input.agreements
	agreement.id == input.agreement
	code := {"statistics": "no-statistics", "talent-service": "no-talent"}[input.purpose]
	count(agreement.purposes) == 1
}

drop contains field.name if {
	some field in input.resource.fields
	field.sensitive
	input.subject.kind != "department"
}

drop contains name if {
	some i, name in input.requested
	i % 3 == 2
}

masks[field.name] := mask_for(field) if {
	some field in input.resource.fields
	field.personal
	startswith(field.name, "i")
}

masks["姓名"] := {"kind": "partial", "keep_start": 1, "keep_end": 0} if endswith(input.purpose, "e")

mask_for(field) := {"kind": "hash"} if field.level == "G2"

else := {"kind": "null"}

row_filters contains {"field": "region", "op": "prefix", "value": sprintf("33%d", [input.calendar.weekday])} if {
	input.lane in ["trade", "operation"]
}

row_filters contains condition if {
	some condition in array.slice(input.resource.terms.row_filters, 0, 1)
	object.get(input, ["subject", "kind"], "none") == "enterprise"
}

default row_cap := 1000

row_cap := cap if {
	cap := sum([agreement.row_cap | some agreement in input.agreements]) - abs(input.calendar.minute - 30)
	cap >= 0
	cap < 1000
}
"""
)


@pytest.mark.endurance
async def test_opa_says_the_same(sandboxes: Sandboxes, engine: EmbeddedEngine, opa: str, tmp_path: Path):
    """The module alone on either engine, and what is made of it."""
    random = Random(11)
    documents: list[DeliveryInput] = []
    while len(documents) < 400:
        plain = any_document(random) | {"now": 1_800_000_000 + random.randrange(0, 900)}
        document = DeliveryInput.model_validate_json(json.dumps(plain))
        if engine.decide_now(document).allow:
            documents.append(document)
    decisions = [engine.decide_now(document) for document in documents]
    questions = [
        build_question(document, agreement=str(decision.agreement))
        | {
            "calendar": {
                "date": "2026-11-27",
                "weekday": random.randint(1, 7),
                "hour": 9,
                "minute": random.randint(0, 59),
            }
        }
        for document, decision in zip(documents, decisions, strict=True)
    ]
    answers = _opas(opa, questions, place=tmp_path)
    outcomes: dict[str, int] = {}
    for document, decision, question, opas in zip(documents, decisions, questions, answers, strict=True):
        ours = await sandboxes.ask(ALIKE, question)
        theirs = {name: value for name, value in opas.items() if name in ours}
        assert _sorted(ours) == _sorted(theirs)
        narrowed = [
            narrow(decision, read_narrowing(answer, literals=ALIKE.literals), document, rule="r")
            for answer in (ours, theirs)
        ]
        assert narrowed[0] == narrowed[1]
        outcome = _outcome(narrowed[0])
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    assert min(outcomes.get(outcome, 0) for outcome in ("allow", "owner-denied", "field-not-granted")) > 5, outcomes


def _opas(opa: str, questions: list[Any], *, place: Path) -> list[dict[str, Any]]:
    """The module's output for each question, evaluated by OPA."""
    (place / "owner.rego").write_text(ALIKE.text, encoding="utf-8")
    (place / "data.json").write_text(json.dumps({"questions": questions}), encoding="utf-8")
    query = "[said | some one in data.questions; said := data.exchange.owner with input as one]"
    command = [opa, "eval", "--format", "raw", "--data", str(place), query]
    answers: list[dict[str, Any]] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answers


def _sorted(answer: Any) -> Any:
    return {
        name: sorted(value, key=lambda element: json.dumps(element, sort_keys=True))
        if isinstance(value, list)
        else value
        for name, value in answer.items()
    }


def _outcome(decision: Decision) -> str:
    return "allow" if decision.allow else decision.reasons[0].code
