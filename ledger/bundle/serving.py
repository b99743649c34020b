"""The HTTP server of `ledger serve`: an exported ledger, read-only.

The URLs are those of an exchange, so every reader of an exchange works here too: `ledger export`, `ledger verify URL`, and
other people's readers of C2SP tlog-tiles. A request can name a tile or one of a few files, and nothing else of the machine.
This is Python's own HTTP server: for many readers, put a cache in front of it.
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ledger.bundle.files import (
    CHECKPOINT,
    CHECKPOINTS,
    MINIMUM_INDEX,
    POLICY,
    ROTATIONS,
    TIMESTAMP,
    TIMESTAMPS,
    VKEY,
    Bundle,
    Missing,
    Unreadable,
)
from ledger.bundle.remote import PAGE
from ledger.format import checkpoint, tiles, timestamps

PREFIX = "/ledger/"
TEXT = "text/plain; charset=utf-8"
OCTETS = "application/octet-stream"
JSON = "application/json"
IMMUTABLE = "public, max-age=31536000, immutable"
"""A tile or a bundle of entries of a given width never changes."""

FRESH = "no-cache"
"""A cache has to revalidate."""

_IDLE = 30
_FILES = (CHECKPOINT, VKEY, POLICY, MINIMUM_INDEX)
_LISTS = (CHECKPOINTS, TIMESTAMPS, ROTATIONS)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. The body of an error is a line of text."""

    status: HTTPStatus
    body: bytes
    media_type: str = TEXT
    caching: str = "no-store"


class Site:
    """The content of an export in a directory, by request target."""

    def __init__(self, directory: Path) -> None:
        self._bundle = Bundle(directory)

    def answer(self, target: str) -> Answer:
        """The answer to a GET request. Raises nothing, for any target and any files."""
        parts = urlsplit(target)
        path = parts.path.removeprefix(PREFIX)
        if path == parts.path:
            return _error(HTTPStatus.NOT_FOUND, f"the log is below {PREFIX}")
        try:
            if path in _FILES:
                return Answer(HTTPStatus.OK, self._bundle.read(path), TEXT, FRESH)
            if path in _LISTS:
                return Answer(HTTPStatus.OK, self._list(path, parts.query), JSON, FRESH)
            is_timestamp = path.startswith(f"{CHECKPOINTS}/") and path.endswith(TIMESTAMP)
            return self._timestamp(path) if is_timestamp else self._tile(tiles.parse(path))
        except (Missing, tiles.TileError):
            return _error(HTTPStatus.NOT_FOUND, "the log has no such file")
        except (Unreadable, ValueError):
            return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "the file of the log cannot be read")

    def _tile(self, tile: tiles.Tile) -> Answer:
        # A tile of an older tree is the beginning of what it has grown to.
        size = checkpoint.parse_number(self._bundle.text(CHECKPOINT).split("\n")[1])
        width = tiles.width(tile.level, tile.index, size)
        if tile.width > width:
            return _error(HTTPStatus.NOT_FOUND, "no checkpoint covers this tile yet")
        grown = tiles.Tile(tile.level, tile.index, width)
        if tile.level != tiles.ENTRIES:
            return Answer(HTTPStatus.OK, self._bundle.tile(grown)[: tile.width * 32], OCTETS, IMMUTABLE)
        if (tile.index + 1) * tiles.WIDTH <= self._bundle.minimum_index():
            return _error(
                HTTPStatus.GONE, f"entries below {self._bundle.minimum_index()} are pruned; see {MINIMUM_INDEX}"
            )
        entries, reason = self._bundle.entries(tile.index, width)
        if len(entries) < tile.width:
            raise Missing(tile.path, reason or "missing")
        return Answer(HTTPStatus.OK, tiles.pack(entries[: tile.width]), OCTETS, IMMUTABLE)

    def _timestamp(self, path: str) -> Answer:
        size = path.removeprefix(f"{CHECKPOINTS}/").removesuffix(TIMESTAMP)
        if not size.isdecimal() or not size.isascii():
            return _error(HTTPStatus.NOT_FOUND, "a timestamp is named after the size of a tree")
        return Answer(HTTPStatus.OK, self._bundle.read(path), timestamps.MEDIA_REPLY, IMMUTABLE)

    def _list(self, path: str, query: str) -> bytes:
        if path == ROTATIONS:
            return _json(statements=self._bundle.rotations())
        sizes = self._sizes(query, are_timestamps=path == TIMESTAMPS)
        if path == TIMESTAMPS:
            return _json(sizes=sizes)
        return _json(checkpoints=[{"size": size, "note": self._bundle.text(f"{CHECKPOINTS}/{size}")} for size in sizes])

    def _sizes(self, query: str, *, are_timestamps: bool) -> list[int]:
        parameters = parse_qs(query)
        after = checkpoint.parse_number(parameters.get("after", ["0"])[0])
        limit = min(PAGE, checkpoint.parse_number(parameters.get("limit", [str(PAGE)])[0]))
        return [size for size in self._bundle.checkpoint_sizes(are_timestamps=are_timestamps) if size > after][:limit]


def server(directory: Path, host: str, port: int) -> ThreadingHTTPServer:
    """A server of the export in a directory, bound but not serving yet. Raises OSError if it cannot listen."""
    site = Site(directory)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "ledger"
        sys_version = ""
        timeout = _IDLE

        def do_GET(self) -> None:
            self._send(site.answer(self.path))

        def do_HEAD(self) -> None:
            self._send(site.answer(self.path))

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.media_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.send_header("Cache-Control", answer.caching)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Log nothing: who reads a public log is nobody's business."""

    http_server = ThreadingHTTPServer((host, port), Handler)
    http_server.daemon_threads = True
    return http_server


def _json(**content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def _error(status: HTTPStatus, detail: str) -> Answer:
    return Answer(status, f"{detail}\n".encode())
