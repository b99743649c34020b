"""Settings of webhooks: the servers that they may be on, and how patiently they are tried."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from adapters.network import AllowList
from exchange.kernel.settings import KernelSettings, list_of


def _check_hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    AllowList(value)
    return value


class WebhookSettings(KernelSettings):
    """Limits on webhooks."""

    webhook_hosts: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(list_of),
        AfterValidator(_check_hosts),
        Field(
            description="The servers that webhooks may be on, separated by commas: host names, addresses, networks, or `none`; "
            "unset: any host with public addresses. Private and loopback addresses have to be listed as addresses or networks"
        ),
    ] = ()
    webhook_ca: Annotated[
        Path | None,
        Field(
            description="A file of certificates (PEM) of further authorities that webhooks' servers may have theirs from"
        ),
    ] = None
    webhook_pause: Annotated[
        float,
        Field(gt=0, le=3600, description="Seconds before a failed webhook is tried again, doubled with each failure"),
    ] = 5.0
    webhook_attempts: Annotated[
        int, Field(ge=1, le=50, description="Failures in a row after which a webhook is held for its organisation")
    ] = 12
    webhook_seconds: Annotated[float, Field(gt=0, le=60, description="Seconds that a webhook's server may take")] = 5.0
