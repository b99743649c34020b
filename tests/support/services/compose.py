"""docker-compose.yml without a container engine: its services' commands, users, rights, settings and secrets as they are.

A service of ours runs as its user, without capabilities, in directories instead of volumes; names of services become
addresses of this machine.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.processes.commands import ROOT, environment

_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
_USER = 10001


@dataclass(frozen=True)
class Compose:
    """The file's services. `places` maps paths and addresses in containers to those of this machine."""

    services: Mapping[str, Mapping[str, Any]]
    places: Mapping[str, str]

    @classmethod
    def read(cls, variables: Mapping[str, str], places: Mapping[str, str]) -> "Compose":
        """The file, with Compose's own interpolation of `variables`."""

        def value(match: re.Match[str]) -> str:
            name, kind, text = match.groups()
            assert name in variables or kind == "-", f"{name} has to be set: {text}"
            return variables.get(name, text or "")

        document = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
        lines = [
            line if line.lstrip().startswith("#") else _VARIABLE.sub(value, line) for line in document.splitlines()
        ]
        services: dict[str, Mapping[str, Any]] = yaml.safe_load("\n".join(lines))["services"]
        return cls(services, places)

    def order(self) -> Sequence[str]:
        """The services, each after those that it waits for."""
        ordered: list[str] = []

        def add(name: str) -> None:
            for before in self.services[name].get("depends_on", {}):
                add(before)
            if name not in ordered:
                ordered.append(name)

        for name in self.services:
            add(name)
        return ordered

    def command(self, service: str, *instead: str) -> list[str]:
        """The command of a service, or another one in its place, with paths and addresses of this machine."""
        return [self._here(word) for word in (instead or self.services[service]["command"])]

    def start(self, service: str, *instead: str) -> "subprocess.Popen[str]":
        """Start a service of the exchange's image, or another command in its place (`docker compose run`)."""
        definition = self.services[service]
        assert definition["user"] == f"{_USER}:{_USER}"
        assert definition["cap_drop"] == ["ALL"]
        assert definition["read_only"]
        program, *arguments = self.command(service, *instead)
        assert program == "exchange"
        variables = {name: self._here(str(value)) for name, value in definition["environment"].items()}
        readable = {f"/run/secrets/{name}" for name in definition["secrets"]}
        assert {value for value in definition["environment"].values() if value.startswith("/run/secrets")} <= readable
        return subprocess.Popen(
            [*_as_user(), sys.executable, "-m", "admin", *arguments],
            env=environment(HOME="/", EXCHANGE_DATA=self.places["/var/lib/exchange"], **variables),
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, service: str, *instead: str) -> str:
        """Run a service to its end, which has to be a good one; returns its output."""
        process = self.start(service, *instead)
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, f"{service}: {shlex.join(self.command(service, *instead))}\n{out}{error}"
        return out + error

    def _here(self, text: str) -> str:
        for before in sorted(self.places, key=len, reverse=True):
            text = text.replace(before, self.places[before])
        return text


def give(directory: Path) -> Path:
    """A directory that belongs to the image's user, as a new volume of the image's does."""
    directory.mkdir()
    if os.geteuid() == 0:
        os.chown(directory, _USER, _USER)
    return directory


def _as_user() -> list[str]:
    """The prefix of a command that root runs as the container's user."""
    if os.geteuid() != 0:
        return []
    return shlex.split(
        f"setpriv --reuid {_USER} --regid {_USER} --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs"
    )
