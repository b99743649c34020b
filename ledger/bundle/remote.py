"""A ledger at a URL, read like an exported one: what `ledger verify URL` verifies, without writing an export.

A live log grows while it is read. So the checkpoint that is read first stays the newest, and everything is checked
up to it; the list of past checkpoints, which is asked for before, cannot be ahead of it.
"""

import json
from collections.abc import Iterator

from ledger.bundle.files import CHECKPOINT, CHECKPOINTS, MAX_TEXT, ROTATIONS, TIMESTAMPS, Files, Missing, Unreadable
from ledger.bundle.http import Fetcher, FetchFailed
from ledger.format.rotation import RotationInvalid

PAGE = 100
"""How many past checkpoints are asked for at once; with the cosignatures of many witnesses each is large."""

MAX_PAGE = 16 << 20


class Remote(Files):
    """The files of the ledger that a server gives. Of past checkpoints one page is kept, of all others nothing."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._newest: bytes | None = None
        self._page: dict[int, bytes] = {}

    def has(self, path: str) -> bool:  # noqa: ARG002 - see below
        """Not asked of a server: a log that grows always has something beyond what is being looked at."""
        return False

    def read(self, path: str, *, limit: int = MAX_TEXT) -> bytes:
        """What the server answers for a path. Raises Missing or Unreadable."""
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
        """The sizes of all checkpoints that the server lists, or of all timestamps. Raises Unreadable."""
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
            raise Missing(path, "the server lists it no longer") from None

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
            return  # a plain server of a log's files has no list, and the newest checkpoint is enough to verify by
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise Unreadable(CHECKPOINTS, "the server's list cannot be read") from None

    def _list_timestamps(self, after: int) -> list[int]:
        try:
            return parse_timestamps(self._find(f"{TIMESTAMPS}?after={after}&limit={PAGE}", MAX_PAGE), after)
        except Missing:
            return []  # a server that knows no timestamps
        except ValueError as error:
            raise Unreadable(TIMESTAMPS, str(error)) from None

    def _find(self, path: str, limit: int) -> bytes:
        try:
            found = self._fetcher.find(path, limit=limit)
        except FetchFailed as error:
            raise Unreadable(path, str(error)) from None
        if found is None:
            raise Missing(path, "not found")
        return found


def parse_rotations(answer: bytes) -> list[str]:
    """The statements of rotations in a server's answer. Raises RotationInvalid."""
    try:
        found = json.loads(answer)["statements"]
    except (ValueError, TypeError, KeyError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise RotationInvalid("not a list of statements")
    return found


def parse_timestamps(answer: bytes, after: int) -> list[int]:
    """The sizes in a server's list of timestamps, all above `after`, ascending. Raises ValueError."""
    try:
        found = json.loads(answer)["sizes"]
    except (ValueError, TypeError, KeyError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(type(size) is int for size in found):
        raise ValueError("the server's list of timestamps cannot be read")
    if found != sorted(set(found)) or (found and found[0] <= after):
        raise ValueError(f"the server's timestamps after {after} are not in order")
    return found
