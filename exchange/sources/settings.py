"""Settings of sources: the servers they may be on, and the size of uploads."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from adapters.network import AllowList
from exchange.kernel.settings import KernelSettings, list_of


def _check_hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    AllowList(value)
    return value


class SourceSettings(KernelSettings):
    """Limits on sources."""

    source_hosts: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(list_of),
        AfterValidator(_check_hosts),
        Field(
            description="The servers that sources may use, separated by commas: host names, addresses, networks, "
            "directories of sockets, or `none`; unset: any host and no socket, which production refuses"
        ),
    ] = ()
    upload_bytes_max: Annotated[int, Field(ge=1024, description="Largest uploaded file, bytes")] = 2 << 30
    uploads_at_once: Annotated[
        int, Field(ge=1, le=1000, description="Most files that an organisation may upload at a time")
    ] = 4
    organisation_bytes_max: Annotated[
        int, Field(ge=1024, description="Room for the uploaded files of an organisation, received and stored, bytes")
    ] = 20 << 30
    disk_reserve_bytes: Annotated[
        int, Field(ge=0, description="Space that uploads leave free on the data directory's disk, bytes")
    ] = 512 << 20
    import_memory_max: Annotated[
        int, Field(ge=256 << 20, description="Most memory to read an uploaded file with, bytes")
    ] = 2 << 30
    import_seconds_max: Annotated[
        int, Field(ge=1, description="Most processor time to read an uploaded file with, seconds")
    ] = 600
