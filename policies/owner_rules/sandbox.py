"""The sandboxed process of one owner's module: `python -I -m policies.owner_rules.sandbox`, with orders over its pipes.

What an owner writes is a program. It runs here and not in the exchange: in a process without the exchange's environment, files,
sockets or children, of bounded memory, which the kernel ends when an order takes more processor time than it may. Nothing here
trusts the module, and the exchange trusts no answer of this process (policies/owner_rules/narrowing.py).

An order is one line of JSON, and so is its answer, `{"value": …}` or `{"error": …}`. The first order is one of

- `{"inspect": {path: text}}`: the answer is that of `inspection.inspect`, and the process ends
- `{"load": {path: text}, "seconds": …}`: compiles the module; then any number of `{"ask": true}`, with the question on the
  next line and the exported rules as the answer, or `{"test": name}`, with whether that test passes as the answer

Seconds are processor time.
"""

import json
import re
import resource
import signal
import sys
from typing import Any

import regorus

from policies.owner_rules.form import EXPORTED_RULES, PACKAGE
from policies.owner_rules.inspection import inspect

LOADING = 0.5
"""Seconds of processor time in which a module has to compile."""

INSPECTING = 1.0
"""Seconds of processor time in which a module has to be parsed and inspected."""

MEMORY = 128 << 20
"""Bytes of address space beside what the interpreter takes when it begins."""

MAX_ANSWER = 256 << 10
"""Bytes of an answer."""

_MESSAGE = re.compile(r"^error: (?P<message>.+)$", re.MULTILINE)
_PLACE = re.compile(r"--> (?P<file>[\w.]+):(?P<line>\d+)")


def main() -> None:
    """Answer orders until the pipe is closed."""
    _confine()
    lines = sys.stdin.buffer
    order = json.loads(lines.readline())
    try:
        if "inspect" in order:
            _answer({"value": _run_limited(INSPECTING, inspect, order["inspect"])})
            return
        engine = _run_limited(LOADING, _load, order["load"])
    except BaseException as problem:  # noqa: BLE001 a panic in the engine is a BaseException
        _answer(_describe(problem))
        return
    _answer({"value": True})
    for line in lines:
        test = json.loads(line).get("test")
        document = "{}" if test is not None else lines.readline().decode()
        try:
            _answer(_run_limited(order["seconds"], _evaluate, engine, test, document))
        except BaseException as problem:  # noqa: BLE001 as above
            _answer(_describe(problem))


def _confine() -> None:
    """Forbid files, sockets, children and core dumps, and limit the memory (on Linux, where that is possible)."""
    limits = dict.fromkeys(
        (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE), 0
    )
    if sys.platform == "linux":
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - pathlib would take longer to load
            limits[resource.RLIMIT_AS] = int(statm.read().split()[0]) * resource.getpagesize() + MEMORY
    for name, limit in limits.items():
        resource.setrlimit(name, (limit, limit))


def _run_limited(seconds: float, function: Any, *arguments: Any) -> Any:
    """Call a function; after so many seconds of processor time the kernel ends this process (SIGPROF)."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return function(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _load(files: dict[str, str]) -> regorus.Engine:
    engine = regorus.Engine()
    for path, text in files.items():
        engine.add_policy(path, text)
    engine.set_input_json("{}")
    engine.eval_query_as_json("data.exchange.nothing")  # compiles
    return engine


def _evaluate(engine: regorus.Engine, test: str | None, document: str) -> dict[str, Any]:
    engine.set_input_json(document)
    if test is not None:
        return {"value": engine.eval_rule_as_json(f"data.{PACKAGE}_test.{test}") == "true"}
    # The whole package, not rule by rule: regorus does not find `masks` by that name where it is defined field by field.
    results = json.loads(engine.eval_query_as_json(f"data.{PACKAGE}"))["result"]
    rules = results[0]["expressions"][0]["value"]
    return {"value": {name: rules[name] for name in EXPORTED_RULES if name in rules}}


def _describe(problem: BaseException) -> dict[str, str]:
    """An error in one line, and its location in the module; for the module's owner, since it may quote the module."""
    text = str(problem).partition("\n\nStack backtrace")[0]
    location, message = _PLACE.search(text), _MESSAGE.search(text)
    error = message["message"] if message else text.strip().partition("\n")[0] or type(problem).__name__
    return {"error": error[:300], **({"file": location["file"], "line": location["line"]} if location else {})}


def _answer(answer: dict[str, Any]) -> None:
    line = json.dumps(answer).encode()
    if len(line) > MAX_ANSWER:
        line = json.dumps({"error": f"the answer has more than {MAX_ANSWER >> 10} KiB"}).encode()
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
