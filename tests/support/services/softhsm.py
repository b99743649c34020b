"""A PKCS #11 token in software (SoftHSM 2), of a test worker's own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.services.tools import missing, program

PIN = "1234"
_MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@dataclass(frozen=True)
class SoftHsm:
    """The module, and the settings of an exchange that keeps its ledger's key in a token of it."""

    module: Path

    def token(self, label: str) -> dict[str, str]:
        return {"pkcs11_module": str(self.module), "pkcs11_token": label, "pkcs11_pin": PIN}


@contextmanager
def softhsm(home: Path, *labels: str) -> Iterator[SoftHsm]:
    """SoftHSM with its tokens in a directory, all made before the module is loaded and looks for them.

    Without SoftHSM the tests of keys in tokens are skipped.
    """
    module = next((Path(path) for path in _MODULES if Path(path).is_file()), None)
    if module is None:
        missing("SoftHSM 2 (softhsm2)")
    util = program("softhsm2-util")
    (home / "tokens").mkdir()
    (home / "softhsm2.conf").write_text(f"directories.tokendir = {home / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(home / "softhsm2.conf")  # the module reads it when it is loaded, once a process
    for label in labels:
        words = ("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "5678")
        subprocess.run([util, *words], check=True, capture_output=True)
    yield SoftHsm(module)
