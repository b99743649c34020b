"""Settings of background jobs."""

from typing import Annotated

from pydantic import Field

from exchange.kernel.settings import KernelSettings


class JobSettings(KernelSettings):
    """Who works on jobs, and how patiently."""

    jobs_in_server: Annotated[
        bool,
        Field(description="Whether the server's processes work on jobs; false where only `exchange work` does"),
    ] = True
    job_attempts: Annotated[
        int, Field(ge=1, le=50, description="How often a job is tried before it is held for an operator")
    ] = 6
    job_heartbeat: Annotated[
        float,
        Field(ge=1, le=3600, description="Seconds without a sign of life after which another worker takes a job over"),
    ] = 30.0
