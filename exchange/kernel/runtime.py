"""The parts of one running exchange, made once by `create_app` and handed to whoever needs them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from exchange.kernel.clock import Clock
from exchange.kernel.coverage import Coverage
from exchange.kernel.database import Database
from exchange.kernel.keys.ed25519 import ExchangeKey
from exchange.kernel.keys.sealing import Seal
from exchange.kernel.keys.slots import Slots
from exchange.kernel.limits import Allowance
from exchange.kernel.readers import Readers
from exchange.kernel.settings import Settings
from ledger.log.sequencer import Sequencer
from policies.engines.contract import Engine
from policies.owner_rules.checker import Checker
from policies.roles.roles import Roles


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a request may need besides its own session. `marks` are what the key files are told by."""

    settings: Settings
    origin: str
    clock: Clock
    database: Database
    sequencer: Sequencer
    roles: Roles
    engine: Engine
    modules: Checker
    seal: Seal
    slots: Slots
    readers: Readers
    answers: "AnsweringKey"
    marks: Mapping[str, str]
    strangers: Allowance
    coverage: Coverage = field(default_factory=Coverage)
    effects: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def key(self) -> ExchangeKey:
        """The key that signs answers now."""
        return self.answers.key


@dataclass(slots=True)
class AnsweringKey:
    """The key that signs answers, which a rotation replaces while the process runs."""

    key: ExchangeKey
