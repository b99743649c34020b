"""The runtime: the long-lived parts of one running exchange, registered by type.

The kernel's own parts are attributes. A room registers its parts at the start (`<room>/parts.py`), and looks up its own
and other rooms' parts by type: `runtime[Facts]`. So the kernel knows no room, and no part lives anywhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from exchange.kernel.clock import Clock
from exchange.kernel.database import Database
from exchange.kernel.keys.ed25519 import ExchangeKey
from exchange.kernel.keys.sealing import Seal
from exchange.kernel.settings import KernelSettings
from ledger.log.sequencer import Sequencer
from policies.roles.roles import Roles

Part = TypeVar("Part")


class PartMissing(LookupError):
    """No part of this type is registered: a room's `open_parts` was not called, or too late."""


@dataclass(slots=True)
class AnsweringKey:
    """The key that signs answers, which a rotation replaces while the process runs."""

    key: ExchangeKey


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts of an exchange. `fingerprints` are those of the key files, by file name; `origin` is the ledger's."""

    settings: KernelSettings
    origin: str
    clock: Clock
    database: Database
    sequencer: Sequencer
    roles: Roles
    seal: Seal
    answers: AnsweringKey
    fingerprints: Mapping[str, str]
    _parts: dict[type, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Register the settings under each room's group of them."""
        for group in type(self.settings).__mro__:
            if issubclass(group, KernelSettings):
                self._parts[group] = self.settings

    @property
    def key(self) -> ExchangeKey:
        """The key that signs answers at present."""
        return self.answers.key

    def add(self, part: Part) -> Part:
        """Register a part under its type, and return it. Raises ValueError where the type is registered."""
        kind = type(part)
        if kind in self._parts:
            raise ValueError(f"a part of the type {kind.__name__} is registered already")
        self._parts[kind] = part
        return part

    def __getitem__(self, kind: type[Part]) -> Part:
        """The part of a type. Raises PartMissing."""
        try:
            part: Part = self._parts[kind]
        except KeyError:
            raise PartMissing(f"the exchange has no part of the type {kind.__name__}") from None
        return part
