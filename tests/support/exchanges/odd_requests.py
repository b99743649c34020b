"""Requests signed and framed by hand, each part as a test wants it: RFC 9421 without the exchange's own code."""

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.support.exchanges.exchange import URL, Key

DELIVERIES = "/api/v1/deliveries"
ME = "/api/v1/me"
BODY = b'{"dataset":"owner/people","limit":1}'
PURPOSE = "talent-service"
COVERED = ("@method", "@target-uri", "content-digest", "exchange-purpose")
PARAMETERS = ';created={created};expires={expires};nonce="{nonce}";keyid="{keyid}";alg="ed25519";tag="data-exchange"'

Fields = list[tuple[str, str]]


def nonce() -> str:
    """A fresh nonce."""
    return secrets.token_urlsafe(18)


def digest(body: bytes, algorithm: str = "sha256") -> str:
    """A Content-Digest field."""
    name = {"sha256": "sha-256", "sha512": "sha-512"}[algorithm]
    return f"{name}=:{base64.b64encode(hashlib.new(algorithm, body).digest()).decode()}:"


def sign(
    key: Key,
    *,
    method: str = "POST",
    path: str = DELIVERIES,
    body: bytes | None = BODY,
    purpose: str | None = PURPOSE,
    created: int | None = None,
    lifetime: int = 60,
    with_nonce: str | None = None,
    target: str | None = None,
    components: Sequence[str] | None = None,
    parameters: str = PARAMETERS,
    label: str = "sig1",
    more: Sequence[tuple[str, str]] = (),
    content_digest: str | None = None,
    values: Mapping[str, str] | None = None,
    keyid: str | None = None,
) -> Fields:
    """The header lines of a signed request. `values` are what is signed for components instead of what is sent."""
    begun = int(time.time()) if created is None else created
    fields: Fields = []
    if body is not None:
        fields += [
            ("Content-Type", "application/json"),
            ("Content-Digest", digest(body) if content_digest is None else content_digest),
        ]
    if purpose is not None:
        fields.append(("Exchange-Purpose", purpose))
    fields += more
    header_values = {name.lower(): value for name, value in fields}
    if components is None:
        components = [name for name in COVERED if name.startswith("@") or name in header_values]
    known = {"@method": method, "@target-uri": target or URL + path, **header_values, **(values or {})}
    written = [name if name.startswith('"') else f'"{name}"' for name in components]
    given = parameters.format(
        created=begun,
        expires=begun + lifetime,
        nonce=with_nonce or nonce(),
        keyid=keyid if keyid is not None else key.keyid,
    )
    covered = f"({' '.join(written)}){given}"
    lines = [f"{line}: {known[name]}" for line, name in zip(written, components, strict=True)]
    base = "\n".join([*lines, f'"@signature-params": {covered}'])
    signature = base64.b64encode(key.signing.sign(base.encode()).signature).decode()
    return [*fields, ("Signature-Input", f"{label}={covered}"), ("Signature", f"{label}=:{signature}:")]


def head(method: str, path: str, fields: Fields, *, host: str = "localhost:8000", length: int | None = None) -> bytes:
    """A request's head, with Content-Length where a length is given."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in fields)]
    lines += [] if length is None else [f"Content-Length: {length}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def post(fields: Fields, body: bytes = BODY, *, path: str = DELIVERIES, host: str = "localhost:8000") -> bytes:
    """A request with a body, whole."""
    return head("POST", path, [*fields, ("Connection", "close")], host=host, length=len(body)) + body


def get(fields: Fields, path: str = ME, *, method: str = "GET") -> bytes:
    """A request without a body, whole."""
    return head(method, path, [*fields, ("Connection", "close")])


@dataclass(frozen=True, slots=True)
class Reply:
    """One response on a connection: its status, and its body."""

    status: int
    body: bytes

    @property
    def problem(self) -> str:
        """The slug of a problem, or ""."""
        marker = b'"type":"/problems/'
        return self.body.partition(marker)[2].partition(b'"')[0].decode() if marker in self.body else ""


async def replies(port: int, content: bytes, *, patience: float = 5.0) -> list[Reply]:
    """Send bytes on a new connection, and read its responses until it is closed or nothing more comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    replies: list[Reply] = []
    try:
        async with asyncio.timeout(patience):
            writer.write(content)
            while (reply := await _reply(reader, is_head=content.startswith(b"HEAD "))) is not None:
                replies.append(reply)
    except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()
    return replies


async def _reply(reader: asyncio.StreamReader, *, is_head: bool) -> Reply | None:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(lines[0].split()[1])
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if status == 100:
        return await _reply(reader, is_head=is_head)
    if is_head:
        return Reply(status, b"")
    if "content-length" in fields:
        return Reply(status, await reader.readexactly(int(fields["content-length"])))
    if fields.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return Reply(status, body)
    return Reply(status, b"")
