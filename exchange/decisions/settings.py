"""Settings of decisions: which policy engine decides."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from exchange.kernel.settings import KernelSettings


class DecisionSettings(KernelSettings):
    """The embedded engine, unless an OPA server is named here."""

    opa_url: Annotated[str | None, Field(description="An OPA server to decide instead of the embedded engine")] = None
    opa_token: Annotated[SecretStr | None, Field(description="The bearer token for the OPA server")] = None
    opa_ca: Annotated[
        Path | None,
        Field(description="A PEM file of the authorities that may vouch for the OPA server; unset: the system's"),
    ] = None

    @model_validator(mode="after")
    def _refuse_half_an_opa_server(self) -> Self:
        if self.opa_token is not None and self.opa_url is None:
            raise ValueError("EXCHANGE_OPA_TOKEN is set without EXCHANGE_OPA_URL: set both or neither")
        if self.opa_ca is not None and not (self.opa_url or "").startswith("https://"):
            raise ValueError("EXCHANGE_OPA_CA is set, and EXCHANGE_OPA_URL is not https: nothing would be checked")
        return self
