"""A person's profiles: the exchange, the key and the trust file that commands use where neither option nor environment says.

The file is `data-exchange/client.toml` in the user's directory of configuration ($XDG_CONFIG_HOME, or ~/.config). Its
members are `url`, `key` and `trust`; a table of a profile's name has those of that profile.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from data_exchange_client.errors import CannotDo

_MEMBERS: Final = ("url", "key", "trust")
_FILES: Final = ("key", "trust")


def profile_file(environment: Mapping[str, str] = os.environ) -> Path:
    """The file of the user's profiles; it need not exist."""
    configured = environment.get("XDG_CONFIG_HOME")
    base = Path(configured) if configured else Path("~/.config").expanduser()
    return base / "data-exchange" / "client.toml"


def read_profile(path: Path, name: str | None) -> dict[str, str]:
    """The values of a profile, None for the one without a name; empty where there is no file.

    Files are named relative to the profile's own directory. Raises CannotDo, which names the file and the member.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if name is not None:
            raise CannotDo(f"there is no profile {name}, since there is no file {path}") from None
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CannotDo(f"{path} cannot be read: {error}") from None
    profiles = {member: value for member, value in document.items() if isinstance(value, dict)}
    common = {member: value for member, value in document.items() if member not in profiles}
    if name is not None and name not in profiles:
        raise CannotDo(f"{path} has no profile {name}", hint=f"it has: {', '.join(profiles) or 'none'}")
    values: dict[str, Any] = common | (profiles[name] if name is not None else {})
    for member, value in values.items():
        if member not in _MEMBERS or not isinstance(value, str):
            raise CannotDo(f"{path}: {member} is no text of a profile", hint=f"a profile has {', '.join(_MEMBERS)}")
    return {
        member: str(path.parent / Path(value).expanduser()) if member in _FILES else value
        for member, value in values.items()
    }
