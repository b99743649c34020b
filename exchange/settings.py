"""Settings of a whole exchange, flat: the groups that the kernel and the rooms declare beside their code, composed.

A group is a frozen class of its room, which sees nothing else. A field is also the environment variable
`EXCHANGE_<FIELD>`. Settings are read once and passed to `create_app`; no module reads them at import.
"""

from typing import Self

from pydantic import model_validator

from exchange.decisions.settings import DecisionSettings
from exchange.delivery.settings import DeliverySettings
from exchange.kernel.keys.settings import KeySettings
from exchange.participants.door.settings import DoorSettings
from exchange.policy_modules.settings import ModuleSettings
from exchange.publication.settings import PublicationSettings
from exchange.sources.settings import SourceSettings
from exchange.subjects.settings import SubjectSettings


class Settings(
    KeySettings,
    DecisionSettings,
    ModuleSettings,
    DoorSettings,
    SourceSettings,
    SubjectSettings,
    PublicationSettings,
    DeliverySettings,
):
    """The settings of one exchange."""

    @model_validator(mode="after")
    def _refuse_open_sources_in_production(self) -> Self:
        if self.environment == "production" and not self.source_hosts:
            raise ValueError("in production EXCHANGE_SOURCE_HOSTS lists the hosts of PostgreSQL sources, or is `none`")
        return self

    @model_validator(mode="after")
    def _refuse_further_signatures_with_a_token(self) -> Self:
        if self.further_signatures and self.pkcs11_module is not None:
            raise ValueError("EXCHANGE_FURTHER_SIGNATURES needs the key's seed, which a PKCS #11 token never gives out")
        return self
