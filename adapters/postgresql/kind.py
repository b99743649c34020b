"""Tables and views of PostgreSQL as a kind of source."""

from typing import Annotated, Final

from pydantic import Field

from adapters.contract import Adapter
from adapters.kind import Config, Described, Kind, Resources
from adapters.postgresql.adapter import PostgresAdapter
from adapters.postgresql.source import PgSource
from groundwork.text import PRINTABLE


class PostgresqlConfig(Config):
    """A table or view in a PostgreSQL database of the owner's; the login should be one that may only read it."""

    dsn: Annotated[
        str,
        Field(
            max_length=1000, pattern=PRINTABLE, description="postgresql://…; kept sealed, never answered", repr=False
        ),
    ]
    table_schema: Annotated[
        str, Field(min_length=1, max_length=63, pattern=PRINTABLE, serialization_alias="schema")
    ] = "public"
    table: Annotated[str, Field(min_length=1, max_length=63, pattern=PRINTABLE)]
    time_zone: Annotated[
        str,
        Field(
            max_length=64,
            pattern=PRINTABLE,
            description="Where times without a zone were written",
            exclude_if=lambda zone: zone == "UTC",
        ),
    ] = "UTC"


def _open(config: PostgresqlConfig, described: Described | None, resources: Resources) -> Adapter:
    source = PgSource(
        config.dsn, config.table, schema=config.table_schema, time_zone=config.time_zone, gate=resources.gate
    )
    return PostgresAdapter(source, described.fields if described is not None else None)


POSTGRESQL: Final = Kind(name="postgresql", config=PostgresqlConfig, open=_open, secret="dsn", needs_gate=True)  # noqa: S106 - a name
