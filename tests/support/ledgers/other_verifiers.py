"""Verdicts of other people's software on an exported ledger; it shares no code with ours.

A verdict is None where the software accepts the ledger, otherwise its message. A time-out counts as a failure:
tessera's fsck is known to hang on some damaged logs.
"""

import base64
import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from scitt_cose import merkle as scitt
from sigstore import errors
from sigstore._internal import merkle as sigstore
from sigstore._internal.rekor import checkpoint as rekor

from tests.support.services.tools import tool

TIMEOUT = 60

Outsider = Callable[[Path, str], str | None]


def fsck(directory: Path, vkey: str) -> str | None:
    """tessera's checker: signature, entries and all tiles of the newest checkpoint."""
    return fsck_url(directory.as_uri() + "/", directory, vkey)


def fsck_url(url: str, scratch: Path, vkey: str) -> str | None:
    """Run the same checker on a log at a URL. The key is written beside `scratch`."""
    key = scratch.with_name(f"{scratch.name}.fsck.pub")
    key.write_text(vkey)
    # With few workers it can hang on a damaged log. Its exit status is always 0 (v1.0.4), so its output decides.
    command = [tool("fsck"), f"-storage_url={url}", f"-public_key={key}", "-N=64", "--ui=false"]
    return _run(command, content="Successfully fsck'd log with size")


def sumdb(directory: Path, vkey: str) -> str | None:
    """golang.org/x/mod/sumdb: all checkpoints, entries, inclusion and consistency; and cosignatures, by the bundle's policy.

    It gets policies with one group of witnesses as the quorum.
    """
    words = [line.split() for line in (directory / "policy").read_text().splitlines()]
    witnesses = [line[2] for line in words if line[0] == "witness"]
    quorum = [line[2] for line in words if line[0] == "group"] if witnesses else []
    return _run([tool("sumdb"), str(directory), vkey, *quorum, *witnesses])


def _run(command: list[str], *, content: str = "OK: ") -> str | None:
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return f"no verdict within {TIMEOUT} seconds"
    output = result.stdout + result.stderr
    return None if result.returncode == 0 and content in output else output[:500] or f"status {result.returncode}"


def scitt_cose(directory: Path, vkey: str) -> str | None:
    """scitt-cose: the root of all entries at every checkpoint. It reads no notes, so it checks no signatures."""
    try:
        leaves = _leaves(directory)
        for path in _checkpoints(directory):
            size, root = _claim(path.read_bytes())
            if size > len(leaves):
                return f"{path.name}: only {len(leaves)} entries"
            if size and scitt.merkle_root([leaf.hex() for leaf in leaves[:size]]) != root.hex():
                return f"{path.name}: another root"
    except (ValueError, IndexError, OSError) as error:
        return repr(error)
    return None


def sigstore_python(directory: Path, vkey: str) -> str | None:
    """sigstore's: signature and root of the newest checkpoint, and the inclusion of its last entry, with tiles' hashes.

    It has no code for consistency. Its own proofs come from a server, so scitt-cose makes the one that it gets.
    """
    try:
        leaves = _leaves(directory)
        signed = (directory / "checkpoint").read_text(encoding="utf-8")
        size, _ = _claim(signed.encode())
        if size == 0 or size > len(leaves):
            return None if size == 0 else f"only {len(leaves)} entries"
        path = scitt.inclusion_proof([leaf.hex() for leaf in leaves[:size]], size - 1)
        _check_with_sigstore(
            signed, [bytes.fromhex(value) for value in path], leaves[size - 1], size - 1, Keyring(vkey)
        )
    except (errors.Error, InvalidSignature, ValueError, IndexError, OSError, AssertionError) as error:
        return repr(error)
    return None


OUTSIDERS: dict[str, Outsider] = {
    "fsck": fsck,
    "sumdb": sumdb,
    "scitt-cose": scitt_cose,
    "sigstore": sigstore_python,
}


class Keyring:
    """The keyring of sigstore's checkpoint code, made from a verifier key (C2SP signed-note)."""

    def __init__(self, vkey: str) -> None:
        name, key_hash, encoded = vkey.split("+", 2)
        key = base64.b64decode(encoded)
        assert key[0] == 1
        self.key_id = hashlib.sha256(name.encode() + b"\n" + key).digest()
        assert self.key_id[:4].hex() == key_hash
        self._public = Ed25519PublicKey.from_public_bytes(key[1:])

    def verify(self, *, key_id: bytes, signature: bytes, data: bytes) -> None:
        assert key_id == self.key_id
        self._public.verify(signature, data)


def check_receipt(text: str, leaf: bytes, index: int, vkey: str) -> int:
    """Check a C2SP tlog-proof with scitt-cose and sigstore; returns the size of the tree it is in."""
    head, _, signed = text.partition("\n\n")
    version, index_line, *hashes = head.splitlines()
    assert version == "c2sp.org/tlog-proof@v1"
    assert index_line == f"index {index}"
    size, root = _claim(signed.encode())
    path = [base64.b64decode(value, validate=True) for value in hashes]
    assert scitt.verify_inclusion(leaf.hex(), index, size, [value.hex() for value in path], root.hex())
    _check_with_sigstore(signed, path, leaf, index, Keyring(vkey))
    return size


def _check_with_sigstore(signed: str, path: list[bytes], leaf: bytes, index: int, keyring: Keyring) -> None:
    """Check a proof and a checkpoint with sigstore's code, in the form of the log entry that it reads."""
    parsed = rekor.SignedCheckpoint.from_text(signed).checkpoint
    proof = SimpleNamespace(
        log_index=index,
        tree_size=parsed.log_size,
        hashes=path,
        root_hash=bytes.fromhex(parsed.log_hash),
        checkpoint=SimpleNamespace(envelope=signed),
    )
    inner = SimpleNamespace(
        inclusion_proof=proof, canonicalized_body=leaf, log_id=SimpleNamespace(key_id=keyring.key_id)
    )
    entry: Any = SimpleNamespace(_inner=inner)
    ring: Any = keyring
    sigstore.verify_merkle_inclusion(entry)
    rekor.verify_checkpoint(ring, entry)


def _checkpoints(directory: Path) -> list[Path]:
    return [directory / "checkpoint", *sorted((directory / "checkpoints").glob("[0-9]*"))]


def _claim(signed: bytes) -> tuple[int, bytes]:
    """The size and root that a checkpoint states, its second and third line."""
    _, size, root = signed.decode().split("\n")[:3]
    return int(size), base64.b64decode(root, validate=True)


def _leaves(directory: Path) -> list[bytes]:
    """All entries, from the files of C2SP tlog-tiles: of a bundle the full file, or else the partial one."""
    newest: dict[str, tuple[int, Path]] = {}
    for path in (directory / "tile" / "entries").rglob("*"):
        name, _, width = str(path.relative_to(directory)).partition(".p/")
        if path.is_file():
            newest[name] = max(newest.get(name, (0, path)), (int(width or 256), path))
    leaves = []
    for _, (_, path) in sorted(newest.items()):
        data = path.read_bytes()
        while data:
            end = 2 + int.from_bytes(data[:2], "big")
            if len(data) < end:
                raise ValueError(f"{path} ends inside an entry")
            leaves.append(data[2:end])
            data = data[end:]
    return leaves
