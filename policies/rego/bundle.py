"""The policy bundle: the Rego files of a policy, named by their digest, which every decision's ledger entry records.

A stored bundle and a stored input replay a decision years later, whatever the files on disk are by then.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Bundle:
    """Rego modules and data by path; `digest` is the revision of the policy."""

    files: Mapping[str, bytes]
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        files = MappingProxyType(dict(sorted(self.files.items())))
        object.__setattr__(self, "files", files)
        object.__setattr__(self, "digest", digest(files))

    def modules(self) -> tuple[tuple[str, str], ...]:
        """The Rego modules as (path, text)."""
        return tuple((path, content.decode()) for path, content in self.files.items() if path.endswith(".rego"))

    def data(self) -> dict[str, object]:
        """The document `data` of the modules: the bundle's `data.json`, if any, and the revision."""
        own = json.loads(self.files.get("data.json", b"{}"))
        return {**own, "bundle": {"revision": self.digest}}


def digest(files: Mapping[str, bytes]) -> str:
    r"""
    The digest of a bundle: SHA-256, in lower-case hex, of what `sha256sum` prints for its files in the order of their paths.

    That is one line `<sha256 of the content, hex>  <path>\n` for each file, so anyone can recompute it.
    """
    lines = (f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def load_bundle(directory: Path = _HERE) -> Bundle:
    """Read the bundle in a directory: its Rego files without their tests, and `data.json` where there is one."""
    paths = [path for path in directory.glob("*.rego") if not path.name.endswith("_test.rego")]
    paths += [path for path in (directory / "data.json",) if path.exists()]
    return Bundle({path.name: path.read_bytes() for path in paths})


def write_bundle(bundle: Bundle, directory: Path) -> None:
    """Write a bundle for `opa run --server DIR`: the modules, and `data.json` with the revision."""
    directory.mkdir(parents=True, exist_ok=True)
    for path, text in bundle.modules():
        (directory / path).write_text(text, encoding="utf-8", newline="")
    (directory / "data.json").write_text(json.dumps(bundle.data(), ensure_ascii=False), encoding="utf-8")
