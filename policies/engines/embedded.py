"""The engine inside the process: regorus' interpreter, which evaluates the policy bundle where it is called."""

import re
from importlib.metadata import version

from policies.decision.conclusion import conclude, deny_unavailable
from policies.decision.documents import Decision, DeliveryInput
from policies.engines.interpreter import ENTRY_POINT, Interpreters
from policies.engines.portable import check_portable
from policies.rego.bundle import Bundle

_LOCATION = re.compile(r"[\w./-]+\.rego:\d+(?::\d+)?")


class BundleRefused(ValueError):
    """The bundle does not compile or is not portable (policies/engines/portable.py). An exchange does not start with it."""


class EmbeddedEngine:
    """
    Evaluates a bundle in the process, on regorus' interpreter; raises BundleRefused.

    A decision takes about half a millisecond and holds Python's global lock meanwhile, so it runs on the calling thread. Each
    thread prepares an interpreter of its own, once (policies/engines/interpreter.py).
    """

    def __init__(self, bundle: Bundle) -> None:
        self._interpreters = Interpreters(bundle)
        try:
            check_portable(bundle.modules())
            self.evaluate("{}")
        except Exception as problem:
            cause = str(problem).partition("\n\nStack backtrace")[0].strip()
            raise BundleRefused(f"no policy {ENTRY_POINT}: {cause}") from problem
        self.name = f"embedded-regorus/{version('gordon-to-regorus')}"
        self.revision = bundle.digest

    def close(self) -> None:
        """Free this thread's interpreter."""
        self._interpreters.close()

    async def decide(self, document: DeliveryInput) -> Decision:
        """Decide one delivery; see Engine."""
        return self.decide_now(document)

    def decide_now(self, document: DeliveryInput) -> Decision:
        """Decide without an event loop."""
        return self.decide_document(document.to_json())

    def decide_document(self, document: bytes) -> Decision:
        """Decide on an input document as stored, which another version of the exchange may have written."""
        try:
            answer = self.evaluate(document.decode())
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as problem:  # noqa: BLE001 a panic in the engine is a BaseException
            self.close()  # an interpreter that failed midway is not used again
            location = _LOCATION.search(str(problem))
            cause = f"{type(problem).__name__} at {location[0] if location else 'an unknown place'}"
            return deny_unavailable(cause, revision=self.revision, engine=self.name)
        return conclude(answer, revision=self.revision, engine=self.name)

    def evaluate(self, document: str) -> str:
        """
        The engine's unchecked JSON answer to any JSON document, for tests of the policy.

        Raises whatever the engine raises, a BaseException for a panic.
        """
        return self._interpreters.evaluate(ENTRY_POINT, document)
