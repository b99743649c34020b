"""Sign the policy bundle for an OPA server, which then starts only with a policy that the exchange's operator has signed.

The format is OPA's own: a gzipped tar file with `.signatures.json`, which has one JSON Web Token (RFC 7519) over the digests
of the other files; `opa run --verification-key` verifies it. (For a directory, OPA signs the path as well.) The algorithm is
ES256 (RFC 7518 section 3.4).
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from groundwork import base64url
from policies.rego.bundle import Bundle

ALGORITHM = "ES256"
SIGNATURES = ".signatures.json"
_SIZE = 32  # bytes of each half of a P-256 signature
_ROOTS = ("exchange", "bundle")


def generate_key() -> bytes:
    """Generate a private key for signing bundles, as PEM (PKCS #8, not encrypted)."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def derive_public_key(key: bytes) -> bytes:
    """The public key of a private key, as PEM: OPA's verification key. Raises ValueError."""
    return (
        _load(key)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def sign_files(files: Mapping[str, bytes], *, key: bytes) -> bytes:
    """The content of `.signatures.json` for files by path. Raises ValueError where `key` is no P-256 key in PEM."""
    listed = [
        {"name": path, "hash": hashlib.sha256(_hashed_content(path, content)).hexdigest(), "algorithm": "SHA-256"}
        for path, content in sorted(files.items())
    ]
    signing = f"{_part({'alg': ALGORITHM, 'typ': 'JWT'})}.{_part({'files': listed})}"
    r, s = decode_dss_signature(_load(key).sign(signing.encode(), ec.ECDSA(hashes.SHA256())))
    signature = base64url.encode(r.to_bytes(_SIZE) + s.to_bytes(_SIZE))
    return json.dumps({"signatures": [f"{signing}.{signature}"]}).encode()


def sign_bundle(bundle: Bundle, *, key: bytes) -> bytes:
    """A signed bundle as a file for `opa run --server --bundle FILE --verification-key …`. Raises ValueError for a bad key."""
    files = {path: text.encode() for path, text in bundle.modules()}
    files["data.json"] = json.dumps(bundle.data(), ensure_ascii=False).encode()
    return _pack(files, revision=bundle.digest, roots=_ROOTS, key=key)


def build_authorization(token: str, *, key: bytes) -> bytes:
    """A second signed bundle: OPA (`--authentication=token --authorization=basic`) then admits only the exchange.

    The bearer of the token may query the one decision and nothing else, not even read the policy. The bundle holds only the
    digest of the token. Anyone may query OPA's health.
    """
    digest = hashlib.sha256(token.encode()).hexdigest()
    module = f"""package system.authz

default allow := false

allow if {{
	crypto.sha256(input.identity) == "{digest}"
	input.method == "POST"
	input.path == ["v1", "data", "exchange", "delivery", "decision"]
}}

allow if {{
	input.method == "GET"
	input.path == ["health"]
}}
"""
    return _pack({"authz.rego": module.encode()}, revision=digest[:16], roots=("system/authz",), key=key)


def _pack(files: Mapping[str, bytes], *, revision: str, roots: tuple[str, ...], key: bytes) -> bytes:
    """A gzipped tar file of files with their manifest and signature. Only the signature differs from one call to the next."""
    manifest = json.dumps({"revision": revision, "roots": list(roots), "rego_version": 1}).encode()
    whole = {**files, ".manifest": manifest}
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for path, content in {SIGNATURES: sign_files(whole, key=key), **whole}.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _hashed_content(path: str, content: bytes) -> bytes:
    """The bytes that OPA hashes for a file: its content, or for JSON its value, without blanks and with sorted names."""
    if not path.endswith((".json", ".manifest")):
        return content
    return json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _load(key: bytes) -> ec.EllipticCurvePrivateKey:
    loaded = serialization.load_pem_private_key(key, password=None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey) or not isinstance(loaded.curve, ec.SECP256R1):
        raise ValueError("the signing key is no P-256 key")  # noqa: TRY004 - a wrong value, whatever its class
    return loaded


def _part(value: Any) -> str:
    return base64url.encode(json.dumps(value, separators=(",", ":")).encode())
