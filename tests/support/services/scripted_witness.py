"""A witness with a scripted answer, for tests of wrong answers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ledger.format import checkpoint, note
from ledger.format.cosignature import CosignerKey


class ScriptedWitness(BaseHTTPRequestHandler):
    """A witness that gives one scripted answer."""

    protocol_version = "HTTP/1.1"
    answer: tuple[int, bytes, float] = (200, b"", 0)
    shows: Callable[[], bytes] | None = None

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        status, body, seconds = self.answer
        self.server.hold.wait(seconds)  # type: ignore[attr-defined]
        self.reply(status, body)

    def do_GET(self) -> None:
        shows = type(self).shows
        self.reply(*((404, b"") if shows is None else (200, shows())))

    def reply(self, status: int, body: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve_scripted_witness(*answer: Any, shows: Callable[[], bytes] | None = None) -> Iterator[str]:
    """Serve a witness with an answer (status, content, seconds before it); `shows` makes its answer to GET."""
    handler = type("Scripted", (ScriptedWitness,), {"answer": answer, "shows": shows and staticmethod(shows)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.hold = threading.Event()  # type: ignore[attr-defined]
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.hold.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()
        server.server_close()


SCRIPTED_KEY = CosignerKey("liar.example", 4, bytes(32))


def wrong_answers(origin: str) -> dict[str, tuple[int, bytes, float]]:
    """Answers without a cosignature of a ledger's newest checkpoint: status, content, and seconds before it."""
    other = checkpoint.Checkpoint(origin, 7, bytes(32)).text()
    return {
        "nothing": (200, b"", 0),
        "no line": (200, b"nonsense\n", 0),
        "another checkpoint's": (200, SCRIPTED_KEY.line(other, time=1).encode(), 0),
        "zeros": (200, note.line("liar.example", SCRIPTED_KEY.cosigner.key_id, bytes(72)).encode(), 0),
        "not UTF-8": (200, b"\xff", 0),
        "another note": (200, f"\n{other}\n{SCRIPTED_KEY.line(other, time=1)}".encode(), 0),
        "too long": (200, b"x" * 200_000, 0),
        "always another size": (409, b"0\n", 0),
        "much larger": (409, b"99999999\n", 0),
        "no size": (409, b"-1\n", 0),
        "failure": (500, b"", 0),
        "elsewhere": (302, b"", 0),
        "silence": (200, b"", 60),
    }
