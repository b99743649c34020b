"""The settings an exchange was last served with, `served.json` in the data directory, and the settings that commands act by.

A command must not act by other settings than the server: without the server's witness policy it would publish a checkpoint
that no witness saw, with another retention it would erase too early. So it takes from the record what only the server's
environment had, and refuses where its own settings are weaker. The record has no secrets, only that they were set.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from admin.configuration import lock
from admin.terminal import CannotDo
from exchange.kernel.settings_sources import Given, as_text, file_of, is_secret, read, variable
from exchange.settings import Settings
from groundwork import durable

_NAME: Final = "served.json"
_FIELDS: Final = Settings.model_fields
_EMBEDDED: Final = "the embedded one"
_LOGINS: Final = frozenset({"database_url", "owner_database_url"})
_NOT_COMPARED: Final = frozenset({"data", "public_url"}) | _LOGINS


@dataclass(frozen=True, slots=True)
class Recorded:
    """A setting as a server had it. `value` is None for a secret; `file` is the settings file it came from, if any."""

    value: str | None
    file: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """The settings that an exchange was served with, by name, and the database's address."""

    settings: Mapping[str, Recorded]
    database: str

    def value(self, name: str) -> str | None:
        """The value of a setting, the default where it was not set; None for a secret."""
        recorded = self.settings.get(name)
        return recorded.value if recorded else _text(_FIELDS[name].default)


@dataclass(frozen=True, slots=True)
class Changes:
    """Differences between settings and those last served with, a line each. `weaker` are those that need consent."""

    weaker: tuple[str, ...]
    other: tuple[str, ...]


def remember(data: Path, settings: Settings) -> None:
    """Record the settings with which an exchange is served from now on."""
    given = read(Settings, data)
    recorded = {name: _record(name, settings, given.get(name)) for name in sorted(settings.model_fields_set - {"data"})}
    document = {"database": _database(settings), "settings": recorded}
    durable.write(data / _NAME, json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n")


def recall(data: Path) -> Served | None:
    """The record, or None where the exchange was never served, or by an earlier version. Raises CannotDo."""
    path = data / _NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        settings = {name: Recorded(**entry) for name, entry in document["settings"].items() if name in _FIELDS}
        return Served(settings, str(document["database"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotDo(
            f"{path} cannot be read: {error}", hint="exchange serve --accept-changes writes it anew"
        ) from error


def compare(before: Served, settings: Settings) -> Changes:
    """Compare with the settings last served with, and return the differences."""
    weaker, other = [], []
    if (database := _database(settings)) != before.database:
        weaker.append(_moved_database(before.database, database))
    for name, field in _FIELDS.items():
        if name in _NOT_COMPARED:
            continue
        if is_secret(field):
            was, now = name in before.settings, getattr(settings, name) is not None
            if was and not now:
                weaker.append(f"{variable(name)} was set, and is not here")
            elif now and not was:
                other.append(f"{variable(name)} was not set, and is now")
            continue
        old, new = before.value(name), _text(getattr(settings, name))
        if old != new:
            line = f"{variable(name)} was {_shown(old)}, and is {_shown(new)} here"
            (weaker if _is_weaker(name, old, new) else other).append(line)
    return Changes(tuple(weaker), tuple(other))


def settings_to_act_by(data: Path) -> Settings:
    """The settings of a command: the running server's, or else the file's and those last served with.

    Raises SettingsInvalid; CannotDo where they are weaker than those last served with.
    """
    settings, weaker = settings_and_differences(data)
    _refuse(weaker, data, "is" if _is_served(data) else "was last")
    return settings


def settings_and_differences(data: Path) -> tuple[Settings, Sequence[str]]:
    """The settings of a command, and a line for each that is weaker than what was last served. Raises as above."""
    if (before := recall(data)) is None:
        return Settings.load(data), ()
    settings = Settings.load(data, **_taken(before, read(Settings, data), data, is_served=_is_served(data)))
    return settings, compare(before, settings).weaker


def require_no_weaker(before: Served, settings: Settings) -> None:
    """Raise CannotDo where settings to serve with are weaker than those last served with."""
    _refuse(compare(before, settings).weaker, settings.data, "was last")


def require_same_database(before: Served, settings: Settings) -> None:
    """Raise CannotDo where settings name another database than the one last served with."""
    if (now := _database(settings)) != before.database:
        _refuse([_moved_database(before.database, now)], settings.data, "was last")


def _moved_database(before: str, now: str) -> str:
    return f"{variable('database_url')}: the database was {before}, and is {now} here"


def _refuse(weaker: Sequence[str], data: Path, verb: str) -> None:
    if weaker:
        raise CannotDo(
            f"these are not the settings that the exchange {verb} served with: {'; '.join(weaker)}",
            hint=f"set them in {file_of(data)}; if the change is meant: exchange serve --accept-changes",
        )


def _is_served(data: Path) -> bool:
    holder = lock.find_holder(data)
    return holder is not None and holder.is_server


def _taken(before: Served, given: Mapping[str, Given], data: Path, *, is_served: bool) -> dict[str, Any]:
    """Select what a command takes from the record: all of it while a server runs, else what is not set here."""
    own = str(file_of(data).absolute())
    taken: dict[str, Any] = {}
    for name, recorded in before.settings.items():
        if not is_served and (name in given or name == "public_url" or recorded.file == own):
            continue
        if recorded.value is not None:
            taken[name] = recorded.value
        elif recorded.reference and name not in given:
            taken[name] = _read_secret(name, Path(recorded.reference))
    if is_served:
        unset = [name for name in given if name not in before.settings and name != "data"]
        # The server has none of these either, secrets included. A login is a command's own: it may be the owner's.
        taken |= {name: _FIELDS[name].default for name in unset if name not in _LOGINS}
    return taken


def _read_secret(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CannotDo(
            f"{variable(name)}_FILE was {path} when the exchange was served, which cannot be read: {error.strerror}"
        ) from error


def _record(name: str, settings: Settings, given: Given | None) -> dict[str, str | None]:
    secret = is_secret(_FIELDS[name])
    return {
        "value": None if secret else _text(getattr(settings, name)),
        "file": str(given.file.absolute()) if given and given.file else None,
        "reference": str(given.reference.absolute()) if given and given.reference else None,
    }


def _database(settings: Settings) -> str:
    """The database's address without its login."""
    if settings.database_url is None:
        return _EMBEDDED
    parts = urlsplit(settings.database_url.get_secret_value())
    host = parts.hostname or next(iter(parse_qs(parts.query).get("host", [])), "localhost")
    return f"{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _text(value: Any) -> str | None:
    return None if value is None or value == () else as_text(value)


def _shown(text: str | None) -> str:
    return "unset" if text is None else text


def _is_weaker(name: str, old: str | None, new: str | None) -> bool:
    judge = _WEAKER.get(name)
    return judge is not None and judge(old, new)


def _is_dropped(old: str | None, new: str | None) -> bool:
    return old is not None and new is None


def _is_moved(_old: str | None, _new: str | None) -> bool:
    return True


def _is_lower(old: str | None, new: str | None) -> bool:
    return float(new or 0) < float(old or 0)


_WEAKER: Final[Mapping[str, Callable[[str | None, str | None], bool]]] = {
    "environment": lambda old, _: old == "production",
    "ledger_anchor": _is_moved,
    "subject_keys": _is_moved,
    "pkcs11_module": _is_dropped,
    "pkcs11_token": _is_moved,
    "witness_policy": _is_dropped,
    "source_hosts": _is_dropped,
    "opa_url": _is_dropped,
    "opa_binary": _is_dropped,
    "public_entries": lambda old, _: old == "false",
    "retention_days": _is_lower,
    "minimum_index": lambda old, new: float(new or 0) > float(old or 0),
}
"""Which differences weaken an exchange, by setting: a thing that was protected would not be, or not as it was announced."""
