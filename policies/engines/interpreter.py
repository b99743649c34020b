"""regorus' interpreters, one for each thread: an interpreter must be used and freed on the thread that made it.

Elsewhere it panics, also when Python's garbage collector frees it on another thread. So an owner of `Interpreters` closes it.
"""

import json
import threading

import regorus

from policies.rego.bundle import Bundle

ENTRY_POINT = "data.exchange.delivery.decision"
"""The rule whose answer is a decision."""


class Interpreters:
    """A bundle's interpreters, one for each thread. An interpreter is freed when its thread ends or calls `close`."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._threads = threading.local()

    def evaluate(self, rule: str, document: str) -> str:
        """Evaluate a rule on a JSON document; the answer is JSON. Raises what regorus raises, a BaseException for a panic."""
        interpreter = getattr(self._threads, "interpreter", None)
        if interpreter is None:
            interpreter = self._threads.interpreter = load_interpreter(self._bundle)
        try:
            interpreter.set_input_json(document)
            answer: str = interpreter.eval_rule_as_json(rule)
        finally:
            del interpreter  # an exception keeps this frame, which another thread's garbage collection may free
        return answer

    def close(self) -> None:
        """Free this thread's interpreter. The next evaluation makes another."""
        self._threads.__dict__.clear()


def load_interpreter(bundle: Bundle) -> regorus.Engine:
    """Load a bundle and compile it by a first evaluation, in about 2 ms. For this thread only."""
    loaded = regorus.Engine()
    try:
        for path, text in bundle.modules():
            loaded.add_policy(path, text)
        loaded.add_data_json(json.dumps(bundle.data(), ensure_ascii=False))
        loaded.set_input_json("{}")
        loaded.eval_rule_as_json(ENTRY_POINT)
    except BaseException:
        del loaded
        raise
    return loaded
