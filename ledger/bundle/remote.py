"""A ledger at a URL, read like an exported one: `ledger verify URL` verifies it without writing an export.

A live log grows while it is read. So the checkpoint that is read first stays the newest, and everything is verified up to
it. The list of past checkpoints is read before it, and so cannot be ahead of it.
"""

import json
from collections.abc import Iterator

from ledger.bundle.files import CHECKPOINT, CHECKPOINTS, MAX_TEXT, ROTATIONS, TIMESTAMPS, Files, Missing, Unreadable
from ledger.bundle.http import Fetcher, FetchFailed
from ledger.format.rotation import RotationInvalid

PAGE = 100
"""The number of past checkpoints in a request. With the cosignatures of many witnesses, each is large."""

MAX_PAGE = 16 << 20


class Remote(Files):
    """The files of a server's ledger. Caches the newest checkpoint and one page of past ones."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._newest: bytes | None = None
        self._page: dict[int, bytes] = {}

    def has(self, path: str) -> bool:  # noqa: ARG002 - see below
        """False. A server is not asked, since a growing log always has files beyond those that are verified."""
        return False

    def read(self, path: str, *, limit: int = MAX_TEXT) -> bytes:
        """The bytes of a file of the server. Raises Missing or Unreadable."""
        if path == CHECKPOINT and self._newest is not None:
            return self._newest
        directory, _, name = path.rpartition("/")
        if directory == CHECKPOINTS and name.isdigit():
            return self._checkpoint(path, int(name))
        data = self._find(path, limit)
        if path == ROTATIONS:
            try:
                return json.dumps(parse_rotations(data)).encode()
            except RotationInvalid as error:
                raise Unreadable(ROTATIONS, str(error)) from None
        if path == CHECKPOINT:
            self._newest = data
        return data

    def checkpoint_sizes(self, *, are_timestamps: bool = False) -> list[int]:
        """The sizes of all checkpoints, or of all timestamps, that the server lists. Raises Unreadable."""
        sizes: list[int] = []
        after = 0
        while page := list(self._list_timestamps(after) if are_timestamps else dict(self._list(after))):
            sizes += page
            after = sizes[-1]
        return sizes

    def _checkpoint(self, path: str, size: int) -> bytes:
        if size not in self._page:
            self._page = dict(self._list(size - 1))
        try:
            return self._page[size]
        except KeyError:
            raise Missing(path, "the server no longer lists it") from None

    def _list(self, after: int) -> Iterator[tuple[int, bytes]]:
        path = f"{CHECKPOINTS}?after={max(after, 0)}&limit={PAGE}"
        try:
            for item in json.loads(self._find(path, MAX_PAGE))["checkpoints"]:
                size, signed = item["size"], item["note"].encode()
                if type(size) is not int or size <= after:
                    raise Unreadable(CHECKPOINTS, f"the server's list goes on with {size!r} after {after}")
                yield size, signed
                after = size
        except Missing:
            return  # a static file server has no list, and the newest checkpoint is enough for a verification
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise Unreadable(CHECKPOINTS, "the server's list cannot be read") from None

    def _list_timestamps(self, after: int) -> list[int]:
        try:
            return parse_timestamps(self._find(f"{TIMESTAMPS}?after={after}&limit={PAGE}", MAX_PAGE), after)
        except Missing:
            return []  # the server does not support timestamps
        except ValueError as error:
            raise Unreadable(TIMESTAMPS, str(error)) from None

    def _find(self, path: str, limit: int) -> bytes:
        try:
            body = self._fetcher.find(path, limit=limit)
        except FetchFailed as error:
            raise Unreadable(path, str(error)) from None
        if body is None:
            raise Missing(path, "not found")
        return body


def parse_rotations(answer: bytes) -> list[str]:
    """The announcements of rotations in a server's answer. Raises RotationInvalid."""
    try:
        texts = json.loads(answer)["statements"]
    except (ValueError, TypeError, KeyError, RecursionError):
        texts = None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise RotationInvalid("not a list of announcements")
    return texts


def parse_timestamps(answer: bytes, after: int) -> list[int]:
    """The sizes in a server's list of timestamps, all above `after`, ascending. Raises ValueError."""
    try:
        sizes = json.loads(answer)["sizes"]
    except (ValueError, TypeError, KeyError, RecursionError):
        sizes = None
    if not isinstance(sizes, list) or not all(type(size) is int for size in sizes):
        raise ValueError("the server's list of timestamps cannot be read")
    if sizes != sorted(set(sizes)) or (sizes and sizes[0] <= after):
        raise ValueError(f"the server's timestamps after {after} are not in order")
    return sizes
