"""Two npm packages that verify credentials and read their revocation: jose and @digitalbazaar/vc-bitstring-status-list."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.services.tools import TOOLS

_TOOL = TOOLS / "credentials"


class Refused(AssertionError):
    """The program does not accept the credential."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What the program found: the subject, and the credential's bit by purpose."""

    subject: Mapping[str, Any]
    bits: Mapping[str, bool]


def verify(certificate: str, lists: list[str], keys: Mapping[str, Any]) -> Verified:
    """Verify a credential and its lists with the issuer's JWK set. Raises Refused. Skips the test without the program."""
    if not (_TOOL / "node_modules").exists():
        pytest.skip("no jose: make test installs it where npm is")
    document = json.dumps({"certificate": certificate, "lists": lists, "keys": keys})
    command = ["node", str(_TOOL / "verify.mjs")]
    done = subprocess.run(command, input=document, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise Refused(done.stderr)
    return Verified(**json.loads(done.stdout))
