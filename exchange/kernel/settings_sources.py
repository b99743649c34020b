"""Sources of settings: the environment, and the file `exchange.toml` in the data directory.

Both are strict. An unknown name is refused with the nearest known one, since a misspelt setting would silently leave the
default in force. The environment has precedence. Every value keeps its origin, so that messages name what was written.
"""

import difflib
import os
import tomllib
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

PREFIX: Final = "EXCHANGE_"
FILE_NAME: Final = "exchange.toml"
FILE_VARIABLE: Final = "EXCHANGE_SETTINGS_FILE"
"""Names another settings file than `exchange.toml` in the data directory."""
_REFERENCE: Final = "_file"
_OF_CLIENTS: Final = frozenset({"EXCHANGE_URL", "EXCHANGE_KEY", "EXCHANGE_TRUST", "EXCHANGE_PROFILE"})
_DATA: Final = "data"
_OPEN_TO_OTHERS: Final = 0o077

Fields = Mapping[str, FieldInfo]


class SettingsInvalid(ValueError):
    """Settings that cannot be used. `faults` has a line for each: what it is, where it was written, what to do."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True, slots=True)
class Given:
    """A value that somebody set: in a variable or in a settings file, directly or as the name of a secret's file."""

    value: Any
    written: str
    """How it was written: the variable, or the name in the file."""
    file: Path | None = None
    """The settings file, None for the environment."""
    reference: Path | None = None
    """The file that holds the secret, where only its name was set."""

    @property
    def place(self) -> str:
        """The place where a setting was written, as a message names it."""
        return f"{self.written} in {self.file}" if self.file else self.written


class StrictSource(PydanticBaseSettingsSource):
    """The settings of the environment and of the settings file, as a source of pydantic-settings."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Unused: `__call__` reads all fields at once."""
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        """The values by name. Raises SettingsInvalid."""
        given = read(self.settings_cls, self.current_state.get(_DATA))
        return {name: entry.value for name, entry in given.items()}


def read(settings: type[BaseSettings], data: Path | str | None = None) -> dict[str, Given]:
    """Read the settings of the environment and of a data directory's settings file, by name. Raises SettingsInvalid.

    `data` is the data directory; unset, it is EXCHANGE_DATA or the field's default.
    """
    fields, faults = settings.model_fields, list[str]()
    environment = _read_environment(fields, os.environ, faults)
    directory = Path(data or (environment[_DATA].value if _DATA in environment else fields[_DATA].default))
    in_file = _read_file(fields, file_of(directory), faults)
    if faults:
        raise SettingsInvalid(faults)
    return in_file | environment


def file_of(data: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """The settings file of a data directory."""
    named = environment.get(FILE_VARIABLE)
    return Path(named) if named else data / FILE_NAME


def describe_faults(settings: type[BaseSettings], error: ValidationError, data: Path | str | None) -> SettingsInvalid:
    """The faults of values that were refused, each with the place where the value was written."""
    given = read(settings, data)
    faults = []
    for fault in error.errors(include_url=False, include_input=False):
        name = str(fault["loc"][0]) if fault["loc"] else ""
        message = fault["msg"].removeprefix("Value error, ")
        place = given[name].place if name in given else variable(name)
        faults.append(f"{place}: {message}" if name else message)
    return SettingsInvalid(faults)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting is a secret, which is never shown and may be in a file of its own."""
    return SecretStr in _types(field)


def as_environment(values: Mapping[str, Any]) -> dict[str, str]:
    """Values of settings as variables for another process, which then reads no settings file."""
    return {FILE_VARIABLE: os.devnull} | {
        variable(name): as_text(value) for name, value in values.items() if value is not None
    }


def as_text(value: Any) -> str:
    """The value of a setting as a variable has it; a relative path becomes absolute."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def foreign(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without the variables of an exchange; those of its clients stay."""
    return {
        name: value
        for name, value in environment.items()
        if not name.upper().startswith(PREFIX) or name.upper() in _OF_CLIENTS
    }


def _read_environment(fields: Fields, environment: Mapping[str, str], faults: list[str]) -> dict[str, Given]:
    given: dict[str, Given] = {}
    for written, text in environment.items():
        if not written.upper().startswith(PREFIX) or written.upper() in {*_OF_CLIENTS, FILE_VARIABLE} or not text:
            continue
        name = written.upper().removeprefix(PREFIX).lower()
        _take(fields, given, name, Given(text, written), faults)
    return given


def _read_file(fields: Fields, path: Path, faults: list[str]) -> dict[str, Given]:
    given: dict[str, Given] = {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return given
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{path} is not TOML: {error}")
        return given
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")
        return given
    for name, value in document.items():
        if name == _DATA:
            faults.append(f"{name} in {path}: a data directory is named by --data or {PREFIX}DATA, not by a file in it")
        elif isinstance(value, dict):
            faults.append(f"{name} in {path}: a table; settings are not in tables, write each as `name = value`")
        elif value != "":
            _take(fields, given, name, Given(value, name, file=path), faults)
    shown = [name for name, entry in given.items() if is_secret(fields[name]) and not entry.reference]
    if shown and path.stat().st_mode & _OPEN_TO_OTHERS:
        faults.append(f"{path} has {', '.join(shown)}, and other users may read it: chmod 600 {path}")
    return given


def _take(fields: Fields, given: dict[str, Given], name: str, entry: Given, faults: list[str]) -> None:
    """Add a value under the name of its field, which a secret's file has as well."""
    base = name.removesuffix(_REFERENCE)
    if name not in fields and base in fields and name != base:
        if not is_secret(fields[base]):
            faults.append(f"{entry.place}: only secrets may be in files of their own; set {_spelled(base, entry)}")
            return
        entry = _follow(entry, faults)
        name = base
    if name not in fields:
        nearest = difflib.get_close_matches(name, fields, n=1)
        hint = f"; the nearest known one is {_spelled(nearest[0], entry)}" if nearest else ""
        faults.append(f"{entry.place}: there is no such setting{hint}")
        return
    if name in given:
        faults.append(f"{given[name].place} and {entry.place} set the same: leave one out")
        return
    if entry.file and not entry.reference and Path in _types(fields[name]) and isinstance(entry.value, str):
        entry = Given(str(entry.file.parent.absolute() / entry.value), entry.written, entry.file)
    given[name] = entry


def _spelled(name: str, entry: Given) -> str:
    return name if entry.file else variable(name)


def _follow(entry: Given, faults: list[str]) -> Given:
    """A secret from the file that was named; relative names begin at the settings file's directory."""
    path = (entry.file.parent if entry.file else Path()) / str(entry.value)
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{entry.place}: {path} cannot be read: {getattr(error, 'strerror', None) or error}")
        secret = ""
    else:
        if not secret:
            faults.append(f"{entry.place}: {path} is empty")
    return Given(secret, entry.written, entry.file, path)


def _types(field: FieldInfo) -> tuple[Any, ...]:
    return (field.annotation, *typing.get_args(field.annotation))
