"""regorus' interpreter, which belongs to the thread that made it: another may neither ask it nor let go of it.

Not even Python's collector may, which runs in whichever thread it happens to. So whoever keeps interpreters closes them.
"""

import json
import threading

import regorus

from policies.rego.bundle import Bundle

ENTRY_POINT = "data.exchange.delivery.decision"
"""The one rule whose answer is a decision."""


class Interpreters:
    """A bundle's interpreters, one for each thread that asks. One goes with its thread, or when that thread says `close`."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._threads = threading.local()

    def answer(self, rule: str, document: str) -> str:
        """What a rule says to a JSON document, as JSON. Raises whatever the interpreter raises, a BaseException for a panic."""
        own = getattr(self._threads, "interpreter", None)
        if own is None:
            own = self._threads.interpreter = interpreter(self._bundle)
        try:
            own.set_input_json(document)
            answer: str = own.eval_rule_as_json(rule)
        finally:
            del own  # what was raised refers to this frame, and may be found as garbage by another thread
        return answer

    def close(self) -> None:
        """Let go of this thread's interpreter. The next question makes another."""
        self._threads.__dict__.clear()


def interpreter(bundle: Bundle) -> regorus.Engine:
    """Load a bundle and ask it once, which is when it is compiled: about 2 ms. For the thread that loads it only."""
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
