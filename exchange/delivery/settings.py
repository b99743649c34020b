"""Settings of deliveries: the number of rows in a page, and of open streams."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from exchange.kernel.settings import KernelSettings


class DeliverySettings(KernelSettings):
    """Limits on pages and on streams."""

    page_rows: Annotated[int, Field(ge=1, le=10_000, description="Rows of an answer without a limit")] = 100
    page_rows_max: Annotated[int, Field(ge=1, le=100_000, description="Most rows of one buffered answer")] = 5_000
    streams: Annotated[int, Field(ge=1, description="Streams that a process has open at once")] = 64
    consumer_streams: Annotated[int, Field(ge=1, description="Streams of one organisation among them")] = 8
    source_streams: Annotated[int, Field(ge=1, description="Streams of one source among them")] = 16
    stream_seconds: Annotated[
        float, Field(gt=0, description="Time in which a stream's reader has to take 256 KiB, or what is left, seconds")
    ] = 60.0

    @model_validator(mode="after")
    def _refuse_a_page_above_its_limit(self) -> Self:
        if self.page_rows > self.page_rows_max:
            raise ValueError("EXCHANGE_PAGE_ROWS is above EXCHANGE_PAGE_ROWS_MAX")
        return self
