"""Real HTTP servers of ledgers: for an export in a directory, and for a test's log, with wrong answers where a test sets them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ledger.bundle import serving
from ledger.format import tiles
from tests.support.ledgers.logs import Log


class LogServer:
    """Serves a log below `url`; `broken` replaces answers by path, `stumbles` are statuses before them."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.stumbles: dict[str, list[int]] = {}
        self.broken: dict[str, bytes | int] = {}
        self.requests: list[str] = []
        self.url = ""
        self.problem = b""
        self.files: dict[str, bytes] = {}
        self.size = -1

    def answer(self, target: str) -> bytes | int:
        path = urlsplit(target).path.removeprefix("/deep/ledger/")
        self.requests.append(path)
        if self.stumbles.get(path):
            return self.stumbles[path].pop(0)
        if path in self.broken:
            return self.broken[path]
        if path == "checkpoints":
            query = parse_qs(urlsplit(target).query)
            after, limit = int(query["after"][0]), int(query["limit"][0])
            sizes = sorted(size for size in self.log.checkpoints if size > after)[: min(limit, 3)]
            page = [{"size": size, "note": self.log.checkpoints[size]} for size in sizes]
            return json.dumps({"checkpoints": page}).encode()
        if self.size != self.log.size:
            self.files, self.size = self.log.files(), self.log.size
        if path in self.files or ".p/" not in path:
            return self.files.get(path, 404)
        return self._partial(tiles.parse(path))

    def _partial(self, tile: tiles.Tile) -> bytes | int:
        """The beginning of a tile that has grown since."""
        if tile.level == tiles.ENTRIES:
            entries = self.log.leaves[tile.index * tiles.WIDTH :][: tile.width]
            return tiles.pack(entries) if len(entries) == tile.width else 404
        data = self.log.full.get((tile.level, tile.index), b"")[: tile.width * 32]
        return data if len(data) == tile.width * 32 else 404


@contextmanager
def serve_export(directory: Path) -> Iterator[str]:
    """Serve an export in a directory, as `ledger serve` does."""
    with serving.server(directory, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serve_log(log: Log) -> Iterator[LogServer]:
    """Serve a log at a URL."""
    state = LogServer(log)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            answer = state.answer(self.path)
            status, body = (answer, state.problem) if isinstance(answer, int) else (200, answer)
            self.send_response(status)
            self.send_header("Content-Type", "application/problem+json" if status != 200 else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}/deep"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
