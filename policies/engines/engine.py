"""What every policy engine is to the exchange, and the one that runs inside the process.

An engine is asked one question and always answers it. Not being able to decide is a denial, so that no caller can
forget to treat it as one.
"""

import re
from importlib.metadata import version
from typing import Protocol

from policies.decision.conclusion import conclude, unavailable
from policies.decision.documents import Decision, DeliveryInput
from policies.engines.interpreter import ENTRY_POINT, Interpreters
from policies.rego.bundle import Bundle
from policies.rego.portable import check_portable

_PLACE = re.compile(r"[\w./-]+\.rego:\d+(?::\d+)?")


class Engine(Protocol):
    """Decides deliveries under one revision of the policy."""

    @property
    def name(self) -> str:
        """Which engine this is, with its version, for the record of a decision."""

    @property
    def revision(self) -> str:
        """The digest of the bundle it decides by."""

    async def decide(self, document: DeliveryInput) -> Decision:
        """Allow or deny one delivery. Never raises: what cannot be decided is denied with `policy-unavailable`."""


class BundleRefused(ValueError):
    """The bundle does not compile, or uses what engines disagree on; an exchange does not start with such a policy."""


class EmbeddedEngine:
    """
    Evaluates a bundle in the process, on regorus' interpreter; raises BundleRefused.

    A decision takes about half a millisecond and holds Python's interpreter for it, so it runs where it is called
    instead of in a thread. An interpreter may not move between threads: each thread that asks prepares its own, once.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._interpreters = Interpreters(bundle)
        try:
            check_portable(bundle)
            self.evaluate("{}")
        except Exception as problem:
            cause = str(problem).partition("\n\nStack backtrace")[0].strip()
            raise BundleRefused(f"no policy {ENTRY_POINT}: {cause}") from problem
        self.name = f"embedded-regorus/{version('gordon-to-regorus')}"
        self.revision = bundle.digest

    def close(self) -> None:
        """Let go of this thread's interpreter."""
        self._interpreters.close()

    async def decide(self, document: DeliveryInput) -> Decision:
        """Decide one delivery; see Engine."""
        return self.decide_now(document)

    def decide_now(self, document: DeliveryInput) -> Decision:
        """Decide without an event loop, as a replay on an auditor's machine does."""
        return self.decide_document(document.to_json())

    def decide_document(self, document: bytes) -> Decision:
        """Decide on an input document as it was stored, which may have been written by another version of this one."""
        try:
            answer = self.evaluate(document.decode())
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as problem:  # noqa: BLE001 a panic in the engine is a BaseException
            self.close()  # an interpreter that failed half-way is not asked again
            place = _PLACE.search(str(problem))
            cause = f"{type(problem).__name__} at {place[0] if place else 'an unknown place'}"
            return unavailable(cause, revision=self.revision, engine=self.name)
        return conclude(answer, revision=self.revision, engine=self.name)

    def evaluate(self, document: str) -> str:
        """
        The engine's own JSON answer to any JSON document, unchecked: for tests of the policy itself.

        Raises whatever the engine raises, a BaseException for a panic.
        """
        return self._interpreters.answer(ENTRY_POINT, document)
