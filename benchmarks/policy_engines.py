"""Compare engines that could decide inside the process: the time of a decision, and where each departs from OPA.

    OPA=build/tools/opa python -m benchmarks.policy_engines

OPA is the reference and has to be there. `regopy` and `opa-py-wasm` are no dependencies of the exchange; an engine that is
not installed is left out. Prints a Markdown table; docs/decisions/embedded-rego-engine.md quotes one.
"""

import asyncio
import copy
import importlib
import json
import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import regorus

from policies.decision.documents import DeliveryInput
from policies.engines.cache import DecisionCache
from policies.engines.contract import Engine
from policies.engines.embedded import EmbeddedEngine
from policies.engines.interpreter import ENTRY_POINT
from policies.engines.opa_server import open_opa_server
from policies.rego.bundle import Bundle, load_bundle, write_bundle
from tests.support.policy_samples import allowed, any_document

WELL_FORMED, DAMAGED, TIMED = 2000, 2000, 400
_SLASHED = ENTRY_POINT.removeprefix("data.").replace(".", "/")

Ask = Callable[[str], Any]
"""Answers a document (JSON) with the decision, or None where the engine has none."""


def regorus_interpreter(policy: Bundle, _: Path) -> Ask:
    return answering(EmbeddedEngine(policy).evaluate)


def regorus_machine(policy: Bundle, _: Path) -> Ask:
    machine, data = regorus.Rvm(), json.dumps(policy.data())
    machine.load_program(regorus.Program.compile_from_modules(data, policy.modules(), [ENTRY_POINT]))
    machine.set_data_json(data)

    def ask(document: str) -> Any:
        machine.set_input_json(document)
        return machine.execute_entry_point(ENTRY_POINT)

    return answering(ask)


def regopy(policy: Bundle, _: Path) -> Ask:
    interpreter = importlib.import_module("regopy").Interpreter()
    for path, text in policy.modules():
        interpreter.add_module(path, text)
    interpreter.add_data_json(json.dumps(policy.data()))
    compiled = interpreter.build(None, [_SLASHED])

    def ask(document: str) -> Any:
        interpreter.set_input_term(document)
        output = json.loads(str(interpreter.query_bundle_entrypoint(compiled, _SLASHED)))
        return json.dumps(output["expressions"][0])

    return answering(ask)


def opa_wasm(policy: Bundle, directory: Path) -> Ask:
    opapywasm = importlib.import_module("opapywasm")
    write_bundle(policy, directory / "source")
    packed = directory / "bundle.tar.gz"
    subprocess.run(
        [opa(), "build", "-t", "wasm", "-e", _SLASHED, "-o", packed, directory / "source"], check=True, timeout=60
    )
    with tarfile.open(packed) as archive:
        (directory / "policy.wasm").write_bytes(archive.extractfile("/policy.wasm").read())  # type: ignore[union-attr]
    module = opapywasm.OpaWasmPolicy.from_wasm_file(
        str(directory / "policy.wasm"), config=opapywasm.PolicyConfig(pool_size=1)
    )
    module.set_data(policy.data())

    def ask(document: str) -> Any:
        answer = module.evaluate(document)
        return "null" if answer is opapywasm.UNDEFINED else json.dumps(answer)

    return answering(ask)


def answering(ask: Callable[[str], str]) -> Ask:
    """Errors and undefined are the same here: no decision."""

    def safely(document: str) -> Any:
        try:
            answer = json.loads(ask(document))
        except Exception:  # noqa: BLE001 - that there is no decision is what counts
            return None
        return in_order(answer) if isinstance(answer, dict) else None

    return safely


def in_order(decision: dict[str, Any]) -> dict[str, Any]:
    """A decision whose reasons, a set, are in one order."""
    return {**decision, "reasons": sorted(decision["reasons"], key=lambda reason: sorted(reason.items()))}


def opa() -> str:
    return os.environ.get("OPA", "build/tools/opa")


def documents(random: Random) -> tuple[list[Any], list[Any]]:
    """Well-formed documents, and documents that lack one fact."""
    well_formed = [any_document(random) for _ in range(WELL_FORMED)]
    damaged: list[Any] = []
    while len(damaged) < DAMAGED:
        document = any_document(random)
        node: Any = document
        while isinstance(node, dict | list) and node:
            key = random.choice([*node] if isinstance(node, dict) else range(len(node)))
            if random.random() < 0.3 or not isinstance(node[key], dict | list):
                del node[key]
                damaged.append(document)
                break
            node = node[key]
    return well_formed, damaged


def reference(policy: Bundle, documents: list[Any], directory: Path) -> list[Any]:
    """OPA's own answers, in one process."""
    write_bundle(policy, directory / "bundle")
    (directory / "input.json").write_text(json.dumps({"documents": documents}), encoding="utf-8")
    query = f"[[answer | answer := {ENTRY_POINT} with input as document] | some document in input.documents]"
    command = [opa(), "eval", "-f", "raw", "-d", str(directory / "bundle"), "-i", str(directory / "input.json"), query]
    result = subprocess.run(command, capture_output=True, check=True, timeout=300)
    return [in_order(answers[0]) if answers else None for answers in json.loads(result.stdout)]


def with_agreements(count: int) -> Any:
    """The allowed document with so many agreements, of which only the last one holds."""
    document = allowed()
    (agreement,) = document["agreements"]
    ended = [{**copy.deepcopy(agreement), "id": f"old-{number}", "not_after": 1} for number in range(count - 1)]
    document["agreements"] = [*ended, agreement]
    return document


def shown(took: list[float]) -> str:
    """Median and 95th percentile."""
    took.sort()
    return f"{took[len(took) // 2]:,.0f} / {took[len(took) * 95 // 100]:,.0f}"


def cell(ask: Callable[[], Any]) -> str:
    """Median and 95th percentile of one call, in microseconds."""
    ask()
    took = []
    for _ in range(TIMED):
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1e6)
    return shown(took)


@contextmanager
def running_opa(directory: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        opa(),
        "run",
        "--server",
        "--addr",
        f"127.0.0.1:{port}",
        "--log-level",
        "error",
        str(directory / "bundle"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


async def as_used(policy: Bundle, url: str) -> None:
    """Rows for what the exchange runs: the document written, the answer read and checked."""
    given = [DeliveryInput.model_validate_json(json.dumps(with_agreements(count))) for count in (1, 3, 10)]
    embedded = EmbeddedEngine(policy)
    async with open_opa_server(url, revision=policy.digest, within=10) as server:
        engines: dict[str, Engine] = {
            "EmbeddedEngine": embedded,
            "OpaServerEngine": server,
            "DecisionCache, hit": DecisionCache(embedded),
        }
        for name, engine in engines.items():
            cells = []
            for document in given:
                took = []
                for _ in range(TIMED):
                    began = time.perf_counter()
                    await engine.decide(document)
                    took.append((time.perf_counter() - began) * 1e6)
                cells.append(shown(took))
            print(f"| {name}, as used | | {' | '.join(cells)} | | |")


def main() -> None:
    policy, (well_formed, damaged) = load_bundle(), documents(Random(20261123))
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        theirs = reference(policy, well_formed + damaged, directory)
        print(
            f"| engine | ready ms | 1 agreement µs | 3 | 10 | differ of {WELL_FORMED:,} well-formed | of {DAMAGED:,} damaged |"
        )
        print("|---|---|---|---|---|---|---|")
        for prepare in (regorus_interpreter, regorus_machine, regopy, opa_wasm):
            began = time.perf_counter()
            try:
                ask = prepare(policy, directory)
            except ImportError as missing:
                print(f"{prepare.__name__} left out: {missing}", file=sys.stderr)
                continue
            except Exception as problem:  # noqa: BLE001 - what an engine cannot do is a result too
                print(f"| {prepare.__name__} | does not take the policy: {str(problem).strip()[:100]!r} |")
                continue
            ask(json.dumps(allowed()))
            ready = (time.perf_counter() - began) * 1000
            questions = [json.dumps(with_agreements(count)) for count in (1, 3, 10)]
            cells = [cell(partial(ask, document)) for document in questions]
            ours = [ask(json.dumps(document)) for document in well_formed + damaged]
            differ = [(decision, other) for decision, other in zip(ours, theirs, strict=True) if decision != other]
            formed = sum(decision != other for decision, other in zip(ours[:WELL_FORMED], theirs, strict=False))
            wider = sum(
                bool(decision and decision["allow"] and not (other and other["allow"])) for decision, other in differ
            )
            print(
                f"| {prepare.__name__} | {ready:.0f} | {' | '.join(cells)} | {formed} "
                f"| {len(differ) - formed}, of them {wider} allowed what OPA denies |"
            )
        with running_opa(directory) as url:
            asyncio.run(as_used(policy, url))


if __name__ == "__main__":
    main()
