"""An HTTPS server that keeps what is posted to it, with a certificate of an authority of its own."""

import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_NAME = "localhost"


@dataclass(frozen=True)
class Posted:
    """A request that was received: its target, its headers by lower-case names, its body."""

    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebhookServer:
    """A server. `statuses` are its next answers, then 204 for good; `posted` is what came in."""

    authority: Path
    port: int = 0
    statuses: list[int] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    location: str | None = None

    def url(self, path: str = "/exchange") -> str:
        """The URL of a path of the server."""
        return f"https://{_NAME}:{self.port}{path}"


def _make_certificate(home: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    now = datetime.now(UTC)
    names = [x509.DNSName(_NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = home / "webhook.pem", home / "webhook.key"
    public.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return public, private


@contextmanager
def webhook_server(home: Path) -> Iterator[WebhookServer]:
    """Serve on a free port until the end of the block."""
    public, private = _make_certificate(home)
    server = WebhookServer(public)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            server.posted.append(Posted(self.path, {name.lower(): text for name, text in self.headers.items()}, body))
            self.send_response(server.statuses.pop(0) if server.statuses else 204)
            if server.location is not None:
                self.send_header("location", server.location)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    server.port = listening.server_address[1]
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()
