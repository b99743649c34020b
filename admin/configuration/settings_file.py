"""The settings file that `exchange init` and `exchange settings write` make: every setting, with its meaning and default."""

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exchange.kernel.settings_sources import Given, as_text, file_of, is_secret, read, variable
from exchange.settings import Settings
from groundwork import durable

_HEAD = """\
# The settings of this exchange. Servers and commands read this file when they start; a variable EXCHANGE_<NAME> has
# precedence. Unknown names are refused. Paths are relative to this directory. A secret may be in a file of its own:
# NAME_file names it. `exchange settings` shows each value with its origin.
"""
_WIDTH = 116


def write(data: Path, settings: Settings) -> Path | None:
    """Write the settings file with what is set now; returns None where there is one, which is kept.

    Secrets that the environment holds stay there, unless it names their files. Raises SettingsInvalid, OSError.
    """
    path = file_of(data)
    text = render(settings, read(Settings, data))
    return path if durable.write(path, text.encode(), exclusive=True) else None


def render(settings: Settings, given: Mapping[str, Given]) -> str:
    """The content of a settings file: settings that are given, and the others as comments with their defaults."""
    parts = [_HEAD]
    for name, field in Settings.model_fields.items():
        if name == "data":
            continue
        lines = textwrap.wrap(field.description or "", _WIDTH, initial_indent="# ", subsequent_indent="# ")
        line = _set(name, getattr(settings, name), given[name]) if name in given else _unset(name, field.default)
        parts.append("\n".join([*lines, line]) + "\n")
    return "\n".join(parts)


def _set(name: str, value: Any, given: Given) -> str:
    if given.reference:
        return f"{name}_file = {_toml(given.reference)}"
    if is_secret(Settings.model_fields[name]):
        return f"# {name} is set by {variable(name)}, and not written here"
    return f"{name} = {_toml(value)}"


def _unset(name: str, default: Any) -> str:
    if is_secret(Settings.model_fields[name]):
        return f'# {name}_file = "…"'
    return f'# {name} = "…"' if default is None else f"# {name} = {_toml(default)}"


def _toml(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return as_text(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(part) for part in value)}]"
    return json.dumps(as_text(value), ensure_ascii=False)
