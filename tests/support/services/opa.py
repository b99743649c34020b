"""A real OPA server for tests: a process of its own, on a port of its own."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from admin.server.reaching import free_port

_PATIENCE = 30.0


class OpaEnded(AssertionError):
    """OPA did not start; the message is its output."""


@asynccontextmanager
async def run_opa(opa: str, *arguments: str | Path, tls: Path | None = None) -> AsyncIterator[str]:
    """The address of `opa run --server …`, once it is healthy. Raises OpaEnded where it ends instead."""
    port = free_port()
    scheme, context = ("https", ssl.create_default_context(cafile=tls)) if tls else ("http", None)
    url = f"{scheme}://127.0.0.1:{port}"
    process = await asyncio.create_subprocess_exec(
        *(opa, "run", "--server", "--addr", f"127.0.0.1:{port}", "--log-level", "error", *arguments),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        deadline = time.monotonic() + _PATIENCE
        async with httpx2.AsyncClient(verify=context or True) as client:
            while True:
                try:
                    if (await client.get(f"{url}/health")).status_code == 200:
                        break
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)
                if process.returncode is not None:
                    raise OpaEnded((await process.stderr.read()).decode())
                assert time.monotonic() < deadline, "OPA did not become healthy"
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "opa")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = directory / "tls.pem", directory / "tls-key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, secret
