"""Settings of publication: checkpoints, the anchor, timestamps, witnesses, pruning."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from exchange.kernel.settings import KernelSettings, list_of
from ledger.format.further import Kind


class PublicationSettings(KernelSettings):
    """Settings of checkpoints, timestamps, witnesses and the ledger's pages."""

    checkpoint_interval: Annotated[float, Field(ge=0.05, le=600, description="Seconds between checkpoints")] = 1.0
    ledger_anchor: Annotated[
        Path | None,
        Field(
            description="The directory of the last signed checkpoint, shared by all processes and never restored with the "
            "database; unset: `anchor` in the data directory, which detects a restored database only"
        ),
    ] = None
    timestamp_url: Annotated[
        str | None, Field(description="The URL of a timestamping authority (RFC 3161) for checkpoints")
    ] = None
    timestamp_certificate: Annotated[
        Path | None, Field(description="The authority's certificate chain, PEM, its own certificate first")
    ] = None
    timestamp_interval: Annotated[int, Field(ge=1, le=86_400, description="Seconds between timestamps")] = 60
    public_entries: Annotated[
        bool, Field(description="Whether anyone may read ledger entries; checkpoints and hashes are always public")
    ] = True
    minimum_index: Annotated[
        int,
        Field(ge=0, description="Entries below this index are pruned, which means no longer shown, by bundles of 256"),
    ] = 0
    retention_policy: Annotated[
        str | None,
        Field(
            description="The URL of the published policy on which entries may be pruned, and when",
            max_length=500,
        ),
    ] = None
    further_signatures: Annotated[
        tuple[Kind, ...],
        NoDecode,
        BeforeValidator(list_of),
        Field(
            description="Further signature lines on checkpoints, separated by commas: `ml-dsa-44`, `sm2` (which needs "
            "the extra `sm2`); unset: Ed25519 only"
        ),
    ] = ()
    witness_policy: Annotated[
        Path | None,
        Field(
            description="A trust policy (C2SP tlog-policy) whose witnesses, by their URLs, cosign checkpoints before "
            "they are published; unset: no witnesses"
        ),
    ] = None
    receipt_waiters: Annotated[
        int, Field(ge=0, description="Requests of a process that may wait for a checkpoint (`Prefer: wait=`) at once")
    ] = 200
    witness_timeout: Annotated[float, Field(gt=0, le=60, description="Time limit for witnesses, seconds")] = 5.0
    witness_interval: Annotated[
        float,
        Field(gt=0, le=3600, description="Seconds after which witnesses are asked again while no entries come"),
    ] = 60.0
    witness_cutoff: Annotated[
        int,
        Field(
            ge=1,
            description="Age of the first entry without a cosigned checkpoint at which deliveries stop, seconds",
        ),
    ] = 14_400

    @model_validator(mode="after")
    def _refuse_half_set_groups(self) -> Self:
        if self.minimum_index and not self.retention_policy:
            raise ValueError(
                "EXCHANGE_MINIMUM_INDEX is set without EXCHANGE_RETENTION_POLICY: publish one before pruning"
            )
        if (self.timestamp_url is None) != (self.timestamp_certificate is None):
            raise ValueError(
                "EXCHANGE_TIMESTAMP_URL and EXCHANGE_TIMESTAMP_CERTIFICATE belong together: set both or neither"
            )
        return self

    @property
    def anchor(self) -> Path:
        """The directory of the ledger's anchor."""
        return self.ledger_anchor or self.data / "anchor"
