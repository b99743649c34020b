"""Kinds of sources: what an owner states, what is stored of it, and what opens again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.contract import SourceError
from adapters.duckdb.engine import Engine
from adapters.files.kind import FILE, FileConfig, FileOptions
from adapters.kind import Described, Import, ImportLimits, Resources
from adapters.network import Address, Gate, Server
from adapters.plan.masks import Hash
from adapters.plan.plan import Column, Plan
from adapters.postgresql.kind import POSTGRESQL, PostgresqlConfig
from adapters.registry import KINDS

DSN = "postgresql://u:s3cret@db.example.org/d"


async def _admit(_server: Server, _addresses: Sequence[Address]) -> None:
    """Admit every server."""


GATE = Gate(_admit)


async def test_each_kind_opens_what_is_stored(owner_url: str, rows_file: Path, engine: Engine) -> None:
    directory = rows_file.parent
    table = {"schema": "public", "table": "people"}
    resources = Resources(directory, engine, GATE)
    database = KINDS["postgresql"].open_stored(table, owner_url, None, resources)
    file = KINDS["file"].open_stored({"options": {"sheet": "2025"}}, None, Described(rows_file.stem, ()), resources)
    plan = Plan((Column("id"), Column("姓名", Hash(bytes(32)))), limit=3)
    assert (await database.read(plan)).rows == (await file.read(plan)).rows
    for adapter in (database, file):
        await adapter.close()


@pytest.mark.parametrize(
    ("kind", "config", "secret"),
    [
        ("file", {"path": "/"}, None),
        ("file", {"options": {"ragged": "drop"}}, None),
        ("postgresql", {"table": "people"}, None),
        ("postgresql", {"schema": "public"}, DSN),
        ("postgresql", {"table": "people", "passfile": "/etc/passwd"}, DSN),
        ("postgresql", {"table": "people"}, "http://u:s3cret@h/d"),
    ],
)
def test_what_cannot_be_a_stored_source_is_refused(
    kind: str, config: dict[str, Any], secret: str | None, engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(SourceError) as caught:
        KINDS[kind].open_stored(config, secret, Described("0" * 64, ()), Resources(tmp_path, engine, GATE))
    assert caught.value.code == "option-invalid"
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("digest", [None, "", "../../etc/passwd", "0" * 63, "A" * 64])
def test_a_snapshot_is_named_by_its_digest_alone(digest: str | None, engine: Engine, tmp_path: Path) -> None:
    described = Described(digest, ()) if digest is not None else None
    with pytest.raises(SourceError) as caught:
        FILE.open_stored({}, None, described, Resources(tmp_path, engine, None))
    assert caught.value.code == "option-invalid"


def test_a_kind_that_connects_needs_a_gate(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="gate"):
        POSTGRESQL.open_stored({"table": "people"}, DSN, None, Resources(tmp_path, engine, None))


def test_a_secret_is_stored_apart() -> None:
    config = PostgresqlConfig(dsn=DSN, table="people")
    stored = ({"schema": "public", "table": "people"}, DSN)
    assert POSTGRESQL.store(config) == stored
    assert POSTGRESQL.restore(*stored) == config
    assert "s3cret" not in repr(config)


@pytest.mark.parametrize(
    ("options", "stored"),
    [
        (FileOptions(), {}),
        (
            FileOptions(sheet=" 2025 ", missing=["-"], header_row=0),
            {"sheet": "2025", "missing": ["-"], "header_row": 0},
        ),
        (FileOptions(types={"a": "string"}, ragged="refuse"), {"types": {"a": "string"}}),
        (FileOptions(delimiter="\t"), {"delimiter": "\t"}),
    ],
)
def test_options_of_a_file_are_stored_without_defaults(options: FileOptions, stored: dict[str, Any]) -> None:
    config = FileConfig(options=options)
    assert FILE.store(config) == ({"options": stored}, None)
    assert FILE.restore({"options": stored}, None) == config


def test_what_a_registration_adds_is_not_stored() -> None:
    class Registration(PostgresqlConfig):
        title: str

    config = Registration(title="t", dsn=DSN, table="people")
    assert POSTGRESQL.store(config)[0].keys() == {"schema", "table"}


def test_unknown_fields_are_refused() -> None:
    for kind in KINDS.values():
        with pytest.raises(ValidationError, match="extra"):
            kind.config.model_validate({"nothing": 1})
    with pytest.raises(ValidationError, match="extra"):
        PostgresqlConfig.model_validate({"dsn": DSN, "table": "people", "schema": "public"})


def test_an_uploaded_file_is_read_with_the_stored_options(tmp_path: Path) -> None:
    path = tmp_path / "people.txt"
    path.write_text("name\tage\na\t1\nb\t-\n")
    options = {"delimiter": "\t", "missing": ["-"], "types": {"age": "integer"}}
    imported = FILE.import_stored({"options": options}, path, tmp_path / "snapshots", Import(ImportLimits(content=100)))
    assert imported.description.rows == 2
    with pytest.raises(SourceError) as caught:
        FILE.import_stored({"options": options}, path, tmp_path / "snapshots", Import(ImportLimits(content=10)))
    assert caught.value.code == "too-large"
    with pytest.raises(SourceError) as caught:
        POSTGRESQL.import_stored({"table": "people"}, path, tmp_path, Import(ImportLimits(content=10)))
    assert caught.value.code == "option-invalid"
    assert [name for name, kind in KINDS.items() if kind.takes_upload] == ["file"]
