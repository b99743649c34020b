"""Settings of certificates."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from exchange.kernel.settings import KernelSettings


class CertificateSettings(KernelSettings):
    """How long a verifier may rely on what it has."""

    certificates_status_hours: Annotated[
        int,
        Field(ge=1, le=744, description="How long a verifier may rely on a list of revoked certificates, hours"),
    ] = 24
    certificates_fonts: Annotated[
        Path | None,
        Field(
            description="The folder of Chinese fonts (TrueType, OpenType) for printed certificates; unset: none is printed"
        ),
    ] = None
