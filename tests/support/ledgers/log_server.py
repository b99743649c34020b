"""Real HTTP servers of ledgers: for an export in a directory, and for a log of the tests that can answer wrongly."""

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


class Server:
    """Serves a log below `url`; `broken` replaces answers by path, `stumbles` are states before them, `asked` records."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.stumbles: dict[str, list[int]] = {}
        self.broken: dict[str, bytes | int] = {}
        self.asked: list[str] = []
        self.url = ""
        self.problem = b""
        self.files: dict[str, bytes] = {}
        self.size = -1

    def answer(self, target: str) -> bytes | int:
        path = urlsplit(target).path.removeprefix("/deep/ledger/")
        self.asked.append(path)
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
        """The beginning of what a tile has grown to since."""
        if tile.level == tiles.ENTRIES:
            entries = self.log.leaves[tile.index * tiles.WIDTH :][: tile.width]
            return tiles.pack(entries) if len(entries) == tile.width else 404
        data = self.log.full.get((tile.level, tile.index), b"")[: tile.width * 32]
        return data if len(data) == tile.width * 32 else 404


@contextmanager
def serve_export(directory: Path) -> Iterator[str]:
    """An export in a directory, at a URL, as `ledger serve` serves it."""
    with serving.server(directory, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def served(log: Log) -> Iterator[Server]:
    """The log at a URL."""
    state = Server(log)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            found = state.answer(self.path)
            status, body = (found, state.problem) if isinstance(found, int) else (200, found)
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
