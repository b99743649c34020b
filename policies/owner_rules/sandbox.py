"""A process that evaluates one owner's module and nothing else: `python -I -m policies.owner_rules.sandbox`, asked over its pipes.

What an owner writes is a program. It runs here and not in the exchange: in a process without the exchange's environment, files,
sockets or children, of bounded memory, that the kernel ends when a question has cost more time than it may. Nothing here
trusts the module, and the exchange trusts nothing that this says (policies/owner_rules/narrowing.py).

A line of JSON is an order, a line of JSON the answer to it: first `{"load": {path: text}, "seconds": …}`, then as often as
liked `{"ask": true}`, with the question on the next line, for what the module says, or `{"test": name}` for whether that test
passes. Where that cannot be told, the answer is `{"error": …}`. Seconds are those of the processor.
"""

import json
import re
import resource
import signal
import sys
from typing import Any

import regorus

PACKAGE = "exchange.owner"
"""The package of an owner's module; its tests are in this one's name with `_test`."""

HEARD = ("deny", "drop", "masks", "row_cap", "row_filters")
"""The rules of a module that are listened to."""

LOADING = 0.5
"""Seconds of the processor in which a module has to compile."""

MEMORY = 128 << 20
"""Bytes of address space beside what the interpreter takes when it begins."""

MOST_SAID = 256 << 10
"""Bytes of an answer."""

_WORDS = re.compile(r"^error: (?P<what>.+)$", re.MULTILINE)
_PLACE = re.compile(r"--> (?P<file>[\w.]+):(?P<line>\d+)")


def main() -> None:
    """Answer orders until the pipe is closed."""
    _confine()
    lines = sys.stdin.buffer
    order = json.loads(lines.readline())
    try:
        engine = _limited(LOADING, _load, order["load"])
    except BaseException as problem:  # noqa: BLE001 a panic in the engine is a BaseException
        _say(_told(problem))
        return
    _say({"value": True})
    for line in lines:
        test = json.loads(line).get("test")
        document = "{}" if test is not None else lines.readline().decode()
        try:
            _say(_limited(order["seconds"], _answered, engine, test, document))
        except BaseException as problem:  # noqa: BLE001 as above
            _say(_told(problem))


def _confine() -> None:
    """No files, no sockets, no children, no dumps, and only so much memory (on Linux, where it can be bounded)."""
    limits = dict.fromkeys(
        (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE), 0
    )
    if sys.platform == "linux":
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - the last file, and no module more for it
            limits[resource.RLIMIT_AS] = int(statm.read().split()[0]) * resource.getpagesize() + MEMORY
    for what, most in limits.items():
        resource.setrlimit(what, (most, most))


def _limited(seconds: float, do: Any, *arguments: Any) -> Any:
    """Do something within so much of the processor's time; afterwards the kernel ends this process (SIGPROF)."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return do(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _load(files: dict[str, str]) -> regorus.Engine:
    engine = regorus.Engine()
    for path, text in files.items():
        engine.add_policy(path, text)
    engine.set_input_json("{}")
    engine.eval_query_as_json("data.exchange.nothing")  # compiles
    return engine


def _answered(engine: regorus.Engine, test: str | None, document: str) -> dict[str, Any]:
    engine.set_input_json(document)
    if test is not None:
        return {"value": engine.eval_rule_as_json(f"data.{PACKAGE}_test.{test}") == "true"}
    # All of the package and not rule by rule: regorus does not know `masks` by that name if it is said field by field.
    found = json.loads(engine.eval_query_as_json(f"data.{PACKAGE}"))["result"]
    said = found[0]["expressions"][0]["value"]
    return {"value": {name: said[name] for name in HEARD if name in said}}


def _told(problem: BaseException) -> dict[str, str]:
    """What went wrong, in a line, and where in the module; for its owner, since it may quote the module."""
    text = str(problem).partition("\n\nStack backtrace")[0]
    place, words = _PLACE.search(text), _WORDS.search(text)
    what = words["what"] if words else text.strip().partition("\n")[0] or type(problem).__name__
    return {"error": what[:300], **({"file": place["file"], "line": place["line"]} if place else {})}


def _say(answer: dict[str, Any]) -> None:
    line = json.dumps(answer).encode()
    if len(line) > MOST_SAID:
        line = json.dumps({"error": "it says more than anybody reads"}).encode()
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
