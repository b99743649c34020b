"""What every policy engine is to the exchange, and the one that runs inside the process.

An engine is asked one question and always answers it. Not being able to decide is a denial, so that no caller can
forget to treat it as one.
"""

import json
import re
import threading
from importlib.metadata import version
from typing import Protocol

import regorus

from policies.bundle import Bundle
from policies.conclusion import conclude, unavailable
from policies.documents import Decision, DeliveryInput
from policies.portable import check_portable

ENTRY_POINT = "data.exchange.delivery.decision"
"""The one rule that is ever asked for."""

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


class BundleRefused(ValueError):  # noqa: N818 - it says what is wrong
    """The bundle does not compile, or uses what engines disagree on; an exchange does not start with such a policy."""


class EmbeddedEngine:
    """
    Evaluates a bundle in the process, on regorus' virtual machine; raises BundleRefused.

    A decision takes about 0.2 ms and holds the interpreter for it, so it runs where it is called instead of in a
    thread. Neither programs nor machines may move between threads: each thread that asks compiles its own, once.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._data = json.dumps(bundle.data(), ensure_ascii=False)
        self._threads = threading.local()
        try:
            check_portable(bundle)
            self._modules = bundle.modules()
            self._threads.machine = self._machine()
        except Exception as problem:
            raise BundleRefused(str(problem).partition("\n\nStack backtrace")[0].strip()) from problem
        self.name = f"embedded-regorus/{version('gordon-to-regorus')}"
        self.revision = bundle.digest

    async def decide(self, document: DeliveryInput) -> Decision:
        """Decide one delivery; see Engine."""
        return self.decide_now(document)

    def decide_now(self, document: DeliveryInput) -> Decision:
        """Decide without an event loop, as a replay on an auditor's machine does."""
        try:
            answer = self.evaluate(document.to_json().decode())
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as problem:  # noqa: BLE001 a panic in the engine is a BaseException
            self._threads.__dict__.clear()  # a machine that failed half-way is not asked again
            place = _PLACE.search(str(problem))
            cause = f"{type(problem).__name__} at {place[0] if place else 'an unknown place'}"
            return unavailable(cause, revision=self.revision, engine=self.name)
        return conclude(answer, revision=self.revision, engine=self.name)

    def evaluate(self, document: str) -> str:
        """
        The engine's own JSON answer to any JSON document, unchecked: for tests of the policy itself.

        Raises whatever the engine raises, a BaseException for a panic.
        """
        machine = getattr(self._threads, "machine", None)
        if machine is None:
            machine = self._threads.machine = self._machine()
        machine.set_input_json(document)
        answer: str = machine.execute_entry_point(ENTRY_POINT)
        return answer

    def _machine(self) -> regorus.Rvm:
        """Compile the bundle and load it into a machine of this thread: 3 to 6 ms."""
        machine = regorus.Rvm()
        machine.load_program(regorus.Program.compile_from_modules(self._data, self._modules, [ENTRY_POINT]))
        machine.set_data_json(self._data)
        return machine
