"""The tree in tiles (C2SP tlog-tiles): names of tiles, bundles of entries, growth, and proofs read from tiles.

A tile has up to 256 neighbouring hashes of one level; each hash of level L+1 is the root of a full tile of level L. A
partial tile is on the right edge and only grows at its end, so an older tree's partial tile is a prefix of today's.
Functions that read tiles therefore accept more than they asked for.

They read with a plain call, `read(level, index, width)`. An asynchronous caller first asks which tiles are needed
(`tiles_for_…`), fetches them, and passes a lookup.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ledger.format import merkle

WIDTH = 256
"""The hashes in a full tile, and the entries in a full bundle."""

MAX_LENGTH = 0xFFFF
"""The largest entry in bytes that a bundle can have."""

ENTRIES = -1
"""The level that stands for bundles of entries."""

HEIGHT = 8
MAX_LEVEL = 63
_NODE = merkle.HASH_SIZE
_MAX_INDEX = 2**56
_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)

Read = Callable[[int, int, int], bytes]


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile's name: its level (ENTRIES for a bundle of entries), its index in the level, and its width in hashes."""

    level: int
    index: int
    width: int

    @property
    def path(self) -> str:
        """The tile's path below the log's prefix."""
        return path(self.level, self.index, self.width)


class TileError(ValueError):
    """A tile, a bundle or a path is malformed."""


def path(level: int, index: int, width: int = WIDTH) -> str:
    """The path of a tile below the log's prefix: `path(0, 1234, 5)` is `tile/0/x001/234.p/5`.

    Raises ValueError for an impossible tile.
    """
    if not (ENTRIES <= level <= MAX_LEVEL and 0 <= index < _MAX_INDEX and 1 <= width <= WIDTH):
        raise ValueError(f"no tile has level {level}, index {index}, width {width}")
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    suffix = "" if width == WIDTH else f".p/{width}"
    return f"tile/{'entries' if level == ENTRIES else level}/{name}{suffix}"


def entries_path(index: int, width: int = WIDTH) -> str:
    """The path of a bundle of entries below the log's prefix."""
    return path(ENTRIES, index, width)


def parse(text: str) -> Tile:
    """Read the path of a tile. Raises TileError for any text that `path` would not write."""
    match = _PATH.fullmatch(text) if len(text) <= len("tile/entries/") + 40 else None
    if match is None:
        raise TileError("not the path of a tile")
    tile = Tile(
        ENTRIES if match["level"] == "entries" else int(match["level"]),
        int(match["index"].replace("x", "").replace("/", "")),
        int(match["width"] or WIDTH),
    )
    try:
        is_same = tile.path == text
    except ValueError:
        is_same = False
    if not is_same:
        raise TileError("not the path of a tile")
    return tile


def width(level: int, index: int, size: int) -> int:
    """The number of hashes of a tile in the tree of `size`, 0 to 256."""
    below = 0 if level == ENTRIES else HEIGHT * level
    return max(0, min(WIDTH, (size >> below) - index * WIDTH))


def pack(entries: Iterable[bytes]) -> bytes:
    """A bundle: each entry after its length (two bytes, big-endian). Raises TileError for one above 65,535 bytes."""
    parts = []
    for entry in entries:
        if len(entry) > MAX_LENGTH:
            raise TileError(f"an entry of {len(entry)} bytes does not fit a bundle")
        parts.append(len(entry).to_bytes(2, "big") + entry)
    return b"".join(parts)


def unpack(data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises TileError if it ends within one."""
    entries, rest = split(data)
    if rest:
        raise TileError(f"the bundle ends within its entry {len(entries)}")
    return entries


def split(data: bytes) -> tuple[list[bytes], int]:
    """The whole entries of a bundle that may be damaged, and the number of bytes after them."""
    entries: list[bytes] = []
    position, end = 0, len(data)
    while position < end:
        start = position + 2
        following = start + int.from_bytes(data[position:start], "big")
        if start > end or following > end:
            break
        entries.append(data[start:following])
        position = following
    return entries, end - position


def hashes(data: bytes) -> list[bytes]:
    """The hashes of a tile. Raises TileError for a fraction of a hash."""
    if len(data) % _NODE:
        raise TileError(f"{len(data)} bytes are no whole number of hashes")
    return [data[start : start + _NODE] for start in range(0, len(data), _NODE)]


def subtree(data: bytes) -> bytes:
    """The root over 2^n neighbouring hashes, such as a full tile's. Raises TileError for any other number."""
    count, rest = divmod(len(data), _NODE)
    if rest or count == 0 or count & (count - 1):
        raise TileError(f"{len(data)} bytes are not the hashes of a complete subtree")
    while len(data) > _NODE:
        data = b"".join(
            [sha256(b"\x01" + data[start : start + 2 * _NODE]).digest() for start in range(0, len(data), 2 * _NODE)]
        )
    return data


def extend(
    size: int, edge: Mapping[tuple[int, int], bytes], leaf_hashes: Sequence[bytes]
) -> dict[tuple[int, int], bytes]:
    """Append leaves to the tree of `size`; returns the new content of each tile that changes, by (level, index).

    `edge` has the contents of the tiles of `tiles_for_root(size)`. A tile's width is its length / 32. Raises TileError if
    one of them is missing or too short.
    """
    changed: dict[tuple[int, int], bytes] = {}
    level, added = 0, b"".join(leaf_hashes)
    if len(added) != _NODE * len(leaf_hashes):
        raise TileError(f"a leaf hash is not {_NODE} bytes long")
    while added:
        index, present = divmod(size >> HEIGHT * level, WIDTH)
        if present:
            added = _tile(edge.get((level, index), b""), Tile(level, index, present)) + added
        above = []
        for start in range(0, len(added), WIDTH * _NODE):
            content = changed[level, index] = added[start : start + WIDTH * _NODE]
            if len(content) == WIDTH * _NODE:
                above.append(subtree(content))
            index += 1
        level, added = level + 1, b"".join(above)
    return changed


def tiles_for_root(size: int) -> list[Tile]:
    """The tiles on the right edge of the tree of `size`, lowest first. Its root and its growth depend on these alone.

    All are partial, since the tile above a full tile has its root.
    """
    tiles = []
    level = 0
    while size >> HEIGHT * level:
        index, rest = divmod(size >> HEIGHT * level, WIDTH)
        if rest:
            tiles.append(Tile(level, index, rest))
        level += 1
    return tiles


def tiles_for_inclusion(index: int, size: int) -> list[Tile]:
    """The tiles that `inclusion_proof(read, index, size)` will read, each once."""
    return _tiles_for_spans(merkle.inclusion_spans(index, size), size)


def tiles_for_consistency(old: int, new: int) -> list[Tile]:
    """The tiles that `consistency_proof(read, old, new)` will read, each once; all as they are in the new tree."""
    return _tiles_for_spans(merkle.consistency_spans(old, new), new)


def root_from_tiles(read: Read, size: int) -> bytes:
    """The root of the tree of `size`. Raises TileError if a tile is too short."""
    if size == 0:
        return merkle.EMPTY_ROOT
    node = node_reader(read, size)
    return merkle.fold([node(level, index) for level, index in merkle.span_nodes(0, size)])


def inclusion_proof(read: Read, index: int, size: int) -> list[bytes]:
    """The proof that entry `index` is in the tree of `size` (RFC 6962 section 2.1.1).

    Raises ValueError unless 0 <= index < size, and TileError if a tile is too short.
    """
    return merkle.inclusion_proof(node_reader(read, size), index, size)


def consistency_proof(read: Read, old: int, new: int) -> list[bytes]:
    """The proof that the tree of size `new` extends that of size `old` (RFC 6962 section 2.1.2).

    Raises ValueError unless 0 < old <= new, and TileError if a tile is too short.
    """
    return merkle.consistency_proof(node_reader(read, new), old, new)


def node_reader(read: Read, size: int) -> merkle.ReadNode:
    """A function that reads nodes of the tree of `size` from tiles, each of which it reads once."""
    seen: dict[Tile, bytes] = {}

    def node(level: int, index: int) -> bytes:
        tile, start, count = _locate(level, index, size)
        if tile not in seen:
            seen[tile] = _tile(read(tile.level, tile.index, tile.width), tile)
        return subtree(seen[tile][start * _NODE : (start + count) * _NODE])

    return node


def _locate(level: int, index: int, size: int) -> tuple[Tile, int, int]:
    """The tile of the tree of `size` that has a node, and the position and number of the hashes that it covers."""
    tile_level, rise = divmod(level, HEIGHT)
    tile_index, start = divmod(index << rise, WIDTH)
    return Tile(tile_level, tile_index, width(tile_level, tile_index, size)), start, 1 << rise


def _tiles_for_spans(spans: Iterable[merkle.Span], size: int) -> list[Tile]:
    nodes = (node for span in spans for node in merkle.span_nodes(*span))
    return list(dict.fromkeys(_locate(level, index, size)[0] for level, index in nodes))


def _tile(data: bytes, tile: Tile) -> bytes:
    needed = tile.width * _NODE
    if len(data) < needed:
        raise TileError(f"{tile.path} has {len(data)} bytes where {needed} are needed")
    return data[:needed]
