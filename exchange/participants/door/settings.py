"""Settings of the door: the lifetime of signatures, and the rate limit on the refusals of strangers."""

from typing import Annotated

from pydantic import Field

from exchange.kernel.settings import KernelSettings


class DoorSettings(KernelSettings):
    """Limits on signed requests."""

    signature_lifetime: Annotated[int, Field(ge=10, le=300, description="Longest expires - created, seconds")] = 300
    clock_skew: Annotated[int, Field(ge=0, le=300, description="How far ahead a client's clock may be, seconds")] = 30
    stranger_refusals: Annotated[
        int,
        Field(
            ge=1,
            description="Refusals a minute and process put on the ledger for requests nobody is proven to have sent",
        ),
    ] = 600
