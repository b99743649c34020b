"""No path to data without a decision: every address is tried while the policy allows nothing, and every read is accounted for."""

import ast
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from exchange.settings import Settings
from policies.engines.cache import DecisionCache
from policies.engines.embedded import EmbeddedEngine
from policies.rego.bundle import Bundle
from tests.support.exchanges.endpoints import TABLE, address
from tests.support.exchanges.populated import DELIVERIES, PopulatedExchange, start_populated_exchange

ROOT = Path(__file__).parents[3]
NOTHING = b"""package exchange.delivery

decision := {
	"allow": false,
	"reasons": [{"code": "level-forbidden", "rule": "none", "ref": "none"}],
	"revision": data.bundle.revision,
}
"""
FORMS = ("application/json", "application/x-ndjson", "text/csv", "application/vnd.apache.arrow.stream")
WHO = ("owner", "consumer", "consumer-system", "stranger", "newcomer", "operator", "security", "auditor")
# Values of the rows of both sources: names of people, in the clear or masked as the terms say, and numbers.
ROW = re.compile(r"人[\d*]|陈\d|P000\d\d")


async def everything(exchange: PopulatedExchange) -> list[tuple[str, bytes]]:
    """The answers of every address to every caller, by every method, with documents that suit it."""
    known = {(method, path): document for method, path, document, _ in TABLE}
    addresses = {
        (method, str(context.path))
        for context in iter_route_contexts(exchange.app.routes)
        for method in (context.methods or ("GET",))
    }
    answers = []
    for method, path in sorted(addresses):
        plain = path.removeprefix("/api/v1")
        document = known[method, plain](exchange) if (method, plain) in known else None
        for caller in WHO:
            if plain == "/deliveries":
                continue
            target = re.sub(r"\{[^}]*\}", "0", address(exchange, plain) if (method, plain) in known else path)
            answer = await exchange.call(
                exchange.key_of(caller), method, ("/api/v1" if (method, plain) in known else "") + target, document
            )
            answers.append((f"{caller} {method} {path}", answer.content))
    for dataset in ("owner/people", "owner/degrees", "owner/secret", "owner/departments", "owner/draft"):
        for caller in WHO:
            for form in FORMS:
                delivered = await exchange.fetch({"dataset": dataset}, key=exchange.key_of(caller), accept=form)
                answers.append((f"{caller} POST {dataset} {form}", delivered.content))
            explained = await exchange.call(
                exchange.key_of(caller), "GET", f"{DELIVERIES}?dataset={dataset}", purpose="talent-service"
            )
            answers.append((f"{caller} GET {dataset}", explained.content))
    return answers


def leaks(answers: list[tuple[str, bytes]]) -> list[str]:
    return [where for where, content in answers if ROW.search(content.decode("utf-8", "replace"))]


@pytest.fixture
def denying() -> Iterator[EmbeddedEngine]:
    with closing(EmbeddedEngine(Bundle({"delivery.rego": NOTHING}))) as engine:
        yield engine


@pytest.mark.endurance
async def test_nothing_leaves_while_the_policy_allows_nothing(
    settings: Settings, people_table: str, denying: EmbeddedEngine
) -> None:
    async with start_populated_exchange(settings, people_table) as populated_exchange:
        control = [
            (form, (await populated_exchange.fetch({"dataset": dataset, "limit": 5}, accept=form)).content)
            for dataset in ("owner/people", "owner/degrees")
            for form in FORMS
        ]
        assert len(leaks(control)) == len(control)  # the search finds rows where there are any

        runtime = populated_exchange.runtime
        runtime._parts[DecisionCache] = denying
        await populated_exchange.call_ok(
            populated_exchange.consumer.steward,
            "POST",
            f"/api/v1/principals/{populated_exchange.consumer.system_id}/suspension",
        )
        await populated_exchange.call_ok(  # moves the fence, so that nothing decided before is remembered
            populated_exchange.consumer.steward,
            "POST",
            f"/api/v1/principals/{populated_exchange.consumer.system_id}/reinstatement",
        )
        answers = await everything(populated_exchange)
        assert len(answers) > 400
        assert leaks(answers) == []
        entries = await populated_exchange.read_entries()
        assert len([entry for entry in entries if entry["type"] in {"delivery.completed", "delivery.started"}]) == len(
            control
        )


def calls(tree: ast.Module) -> list[tuple[str, str]]:
    """(function, what it calls) for each call in a module, by the innermost function."""
    calls_by_function: list[tuple[str, str]] = []

    def walk(node: ast.AST, inside: str) -> None:
        for child in ast.iter_child_nodes(node):
            within = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else inside
            if isinstance(child, ast.Call):
                calls_by_function.append((within, ast.unparse(child.func)))
            walk(child, within)

    walk(tree, "")
    return calls_by_function


def test_every_place_that_delivers_needs_a_plan() -> None:
    """They read the plan of a `Planned`, which two functions make, after they have refused what was denied.

    A stream that withholds rows is read in the same file as one that does not. Other places that read rows deliver none: one
    shows an owner what masks would leave of its own, before it publishes; one gives numbers to the people of a file. An
    answer reads a constant, and whether there is a row.
    """
    reads, planned, decided = set(), set(), set()
    for path in sorted((ROOT / "exchange").rglob("*.py")):
        module = str(path.relative_to(ROOT / "exchange"))
        for function, called in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if re.search(r"adapter\.(read|scan|sample)$", called):
                reads.add((module, function))
            if called.endswith("Planned"):
                planned.add((module, function))
            if called.endswith("Decided"):
                decided.add((module, function))
    owners_own = {("catalog/proposal/service.py", "propose_fields")}
    numbers = {("subjects/numbering/sidecars.py", "_number")}
    pages = {("delivery/paging.py", "read")}
    streams = {("delivery/people/streams.py", "__init__"), ("delivery/people/streams.py", "batches")}
    answers = {("answers/asking.py", "has_row")}
    assert reads == pages | streams | answers | owners_own | numbers
    asking: Any = (ROOT / "exchange/answers/asking.py").read_text(encoding="utf-8")
    assert (
        "plan = Plan(columns=(Column(asked.key.name, Constant(1)),), where=all_of(rows, condition), limit=1)" in asking
    )
    assert asking.count("adapter.read(plan)") == 1
    text: Any = (ROOT / "exchange/delivery/streaming.py").read_text(encoding="utf-8")
    assert "CappedRows(dataset.adapter, planned.plan" in text
    assert planned == {("delivery/planning.py", "plan"), ("answers/asking.py", "_plan")}
    plan = asking[asking.index("async def _plan(") : asking.index("def _identifying(")]
    assert plan.index("if decision.obligations is None") < plan.index("raise denial(") < plan.index("Planned(\n")
    assert decided == {("delivery/deciding.py", "decide")}
    text = (ROOT / "exchange/delivery/planning.py").read_text(encoding="utf-8")
    plan = text[text.index("async def plan(") : text.index("def _narrowed(")]
    assert plan.index("if not decision.allow") < plan.index("raise denial(") < plan.index("return Planned(")
