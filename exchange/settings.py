"""Settings of a whole exchange, flat: the groups that the kernel and the rooms declare beside their code, composed.

A group is a frozen class of its room, which sees nothing else. A field is also the environment variable
`EXCHANGE_<FIELD>`, and a name in the file `exchange.toml` of the data directory. Settings are read once and passed to
`create_app`; no module reads them at import.
"""

from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from exchange.answers.settings import AnswerSettings
from exchange.certificates.settings import CertificateSettings
from exchange.decisions.settings import DecisionSettings
from exchange.delivery.settings import DeliverySettings
from exchange.jobs.settings import JobSettings
from exchange.kernel.keys.settings import KeySettings
from exchange.kernel.settings_sources import StrictSource, describe_faults
from exchange.messages.webhooks.settings import WebhookSettings
from exchange.participants.door.settings import DoorSettings
from exchange.policy_modules.settings import ModuleSettings
from exchange.portal.settings import PortalSettings
from exchange.publication.settings import PublicationSettings
from exchange.sources.settings import SourceSettings
from exchange.subjects.settings import SubjectSettings


class Settings(
    KeySettings,
    DecisionSettings,
    JobSettings,
    WebhookSettings,
    ModuleSettings,
    DoorSettings,
    SourceSettings,
    SubjectSettings,
    PortalSettings,
    PublicationSettings,
    DeliverySettings,
    AnswerSettings,
    CertificateSettings,
):
    """The settings of one exchange."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - ours is strict
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the settings file."""
        return init_settings, StrictSource(settings_cls)

    @classmethod
    def load(cls, data: Path | None = None, **changes: Any) -> Self:
        """The settings of a data directory, else of the environment's. Raises SettingsInvalid, which names places."""
        values: dict[str, Any] = changes if data is None else {"data": data, **changes}
        try:
            return cls(**values)
        except ValidationError as error:
            raise describe_faults(cls, error, data) from error

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
