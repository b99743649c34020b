"""A timestamping authority for tests: `openssl ts` behind a small HTTP server, with certificates of its own making."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tests.support.services.tools import program

_CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[own]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
[tsa]
default_tsa = one
[one]
serial = {home}/serial
signer_cert = {home}/own.pem
signer_key = {home}/own.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


@dataclass
class TimestampAuthority:
    """An authority in a directory. `chain` is what auditors pin; `answers` counts what it was asked."""

    home: Path
    url: str = ""
    answers: int = 0
    spoil: bytes | None = None

    @property
    def chain(self) -> Path:
        return self.home / "chain.pem"

    def openssl(self, *words: str, data: bytes | None = None) -> bytes:
        result = subprocess.run(
            [program("openssl"), *words], input=data, capture_output=True, check=False, cwd=self.home
        )
        assert result.returncode == 0, result.stderr.decode()
        return result.stdout

    def reply(self, query: bytes) -> bytes:
        (self.home / "query").write_bytes(query)
        self.answers += 1
        if self.spoil is not None:
            return self.spoil
        return self.openssl("ts", "-reply", "-config", "tsa.cnf", "-section", "one", "-queryfile", "query")


def make(home: Path, name: str = "an authority") -> TimestampAuthority:
    """An authority whose certificate was issued by a root of its own."""
    home.mkdir(parents=True)
    tsa = TimestampAuthority(home)
    (home / "tsa.cnf").write_text(_CONFIG.format(name=name, home=home))
    (home / "serial").write_text("01\n")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "tsa.cnf")
    tsa.openssl("req", "-x509", *new_key, "-extensions", "ca", "-days", "10", "-keyout", "ca.key", "-out", "ca.pem")
    tsa.openssl("req", *new_key, "-subj", f"/CN={name} itself", "-keyout", "own.key", "-out", "own.csr")
    sign = ("x509", "-req", "-in", "own.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "9")
    tsa.openssl(*sign, "-extfile", "tsa.cnf", "-extensions", "own", "-out", "own.pem")
    tsa.chain.write_bytes((home / "own.pem").read_bytes() + (home / "ca.pem").read_bytes())
    return tsa


@contextmanager
def serve_authority(tsa: TimestampAuthority) -> Iterator[TimestampAuthority]:
    """Have an authority answer over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["content-type"] == "application/timestamp-query"
            content = tsa.reply(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    tsa.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield tsa
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
