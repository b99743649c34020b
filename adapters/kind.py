"""A kind of source as one object: what its owner states, what is stored of it, and how its adapter is opened.

A new kind is a folder with one `Kind`, and a line in `adapters.registry`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from adapters.contract import Adapter, ImportedFile, SourceError
from adapters.duckdb.engine import Engine
from adapters.network import Gate
from adapters.plan.masks import FieldType
from adapters.plan.plan import Field as PlanField
from groundwork.text import PRINTABLE

FieldName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=120, pattern=PRINTABLE),
    Field(description="The field's name in the source", examples=["degree"]),
]
"""A field's name, in configs and in other documents that people write about sources."""


class Config(BaseModel):
    """The configuration of a source of a kind, as its owner registers it. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


ConfigT = TypeVar("ConfigT", bound=Config)


@dataclass(frozen=True, slots=True)
class Resources:
    """The parts that a process's adapters share: the directory of snapshots, the engine that reads it, the gate."""

    snapshots: Path
    engine: Engine
    gate: Gate | None


@dataclass(frozen=True, slots=True)
class Described:
    """The content of a source as it was described: the digest, the fields and their types."""

    digest: str
    fields: tuple[PlanField, ...]


@dataclass(frozen=True, slots=True)
class ImportLimits:
    """Limits on the import of one file: bytes that it has and unpacks to, bytes of memory, seconds of processor time."""

    content: int = 2 << 30
    memory: int = 2 << 30
    seconds: int = 600


@dataclass(frozen=True, slots=True)
class Import:
    """The bounds of an import: limits, and the published types of fields, by which new content is read."""

    limits: ImportLimits = ImportLimits()
    expected: Mapping[str, FieldType] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[ConfigT]):
    """One kind of source.

    `name` is stored with each source and is its `kind` in the API. `secret` is the field of `config` that is sealed apart
    from the others. `open` makes an adapter that connects on first use, and reads what was described; None before
    the first description. `import_file` reads an uploaded file (first path) into a snapshot in a directory
    (second path); None for kinds that take no upload.
    """

    name: str
    config: type[ConfigT]
    open: Callable[[ConfigT, Described | None, Resources], Adapter]
    secret: str | None = None
    import_file: Callable[[ConfigT, Path, Path, Import], ImportedFile] | None = None
    needs_gate: bool = False

    @property
    def takes_upload(self) -> bool:
        """Whether its data comes as an uploaded file. Other kinds are described when they are registered."""
        return self.import_file is not None

    def store(self, config: ConfigT) -> tuple[dict[str, Any], str | None]:
        """The JSON to store, and the secret to seal. Fields that a subclass of `config` adds are left out."""
        names = set(self.config.model_fields) - {self.secret}
        secret = getattr(config, self.secret) if self.secret is not None else None
        return config.model_dump(mode="json", by_alias=True, include=names), secret

    def restore(self, stored: Mapping[str, Any], secret: str | None) -> ConfigT:
        """The config of what `store` gave. Raises SourceError option-invalid, without a value in its words."""
        names = {field.serialization_alias or name: name for name, field in self.config.model_fields.items()}
        values = {names.get(name, name): value for name, value in stored.items()}
        if self.secret is not None and secret is not None:
            values[self.secret] = secret
        try:
            return self.config.model_validate(values)
        except ValidationError as error:
            fields = ", ".join(sorted({str(item["loc"][0]) for item in error.errors() if item["loc"]}))
            raise SourceError("option-invalid", f"missing or not valid in a source of this kind: {fields}") from None

    def open_stored(
        self, stored: Mapping[str, Any], secret: str | None, described: Described | None, resources: Resources
    ) -> Adapter:
        """Open a source from what is stored. Raises SourceError option-invalid; ValueError without a gate it needs."""
        if self.needs_gate and resources.gate is None:
            raise ValueError(f"a source of the kind {self.name} connects to servers: it needs a gate")
        return self.open(self.restore(stored, secret), described, resources)

    def import_stored(
        self, stored: Mapping[str, Any], path: Path, directory: Path, terms: Import | None = None
    ) -> ImportedFile:
        """Read an uploaded file into a snapshot in `directory`. Blocks: call it on a thread. Raises SourceError."""
        if self.import_file is None:
            raise SourceError("option-invalid", "this kind of source takes no file")
        return self.import_file(self.restore(stored, None), path, directory, terms or Import())
