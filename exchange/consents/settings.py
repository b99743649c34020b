"""Settings of consents."""

from typing import Annotated

from pydantic import Field

from exchange.kernel.settings import KernelSettings


class ConsentSettings(KernelSettings):
    """Limits of asking people."""

    consent_ask_again_days: Annotated[
        int,
        Field(
            ge=1,
            le=3660,
            description="How long a person who refused or withdrew is not asked again under the same notice, days",
        ),
    ] = 90
