"""Settings of owners' modules: the limits of the sandbox, and who else checks a module."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from exchange.kernel.settings import KernelSettings


class ModuleSettings(KernelSettings):
    """Limits on owners' modules."""

    opa_binary: Annotated[
        Path | None,
        Field(
            description="OPA's binary, which then has to accept owners' modules as well; unset: the embedded engine alone"
        ),
    ] = None
    module_milliseconds: Annotated[
        int,
        Field(
            ge=5,
            le=1000,
            description="Most processor time that an owner's module may take for a decision, milliseconds",
        ),
    ] = 50
    module_processes: Annotated[
        int,
        Field(
            ge=1,
            le=1000,
            description="Processes for owners' modules, one each, that every process of the exchange has at most",
        ),
    ] = 8
