"""Settings of the door: the lifetime of signatures, and the rate limits on refusals and on changes."""

from typing import Annotated

from pydantic import Field

from exchange.kernel.settings import KernelSettings


class DoorSettings(KernelSettings):
    """Limits on signed requests."""

    signature_lifetime: Annotated[int, Field(ge=10, le=300, description="Longest expires - created, seconds")] = 300
    clock_skew: Annotated[int, Field(ge=0, le=300, description="Most that a client's clock may be ahead, seconds")] = 30
    stranger_refusals: Annotated[
        int,
        Field(
            ge=1,
            description="Refusals a minute and process with an entry of their own, for requests that name no registered key; "
            "more are counted in one entry a minute",
        ),
    ] = 60
    key_refusals: Annotated[
        int,
        Field(
            ge=1,
            description="The same for requests that name one registered key and do not prove to be its holder's",
        ),
    ] = 60
    claimed_refusals: Annotated[int, Field(ge=1, description="The same for all registered keys together")] = 600
    organisation_changes: Annotated[
        int,
        Field(
            ge=1,
            description="Changes a minute and process by one organisation on which decisions rest, beside those of the "
            "exchange's own roles",
        ),
    ] = 600
