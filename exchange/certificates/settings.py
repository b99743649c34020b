"""Settings of certificates."""

from typing import Annotated

from pydantic import Field

from exchange.kernel.settings import KernelSettings


class CertificateSettings(KernelSettings):
    """How long a verifier may rely on what it has."""

    certificates_status_hours: Annotated[
        int,
        Field(ge=1, le=744, description="How long a verifier may rely on a list of revoked certificates, hours"),
    ] = 24
