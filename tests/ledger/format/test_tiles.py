"""Tiles: their names, bundles of entries, growth in any steps, and proofs read from them."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.format import merkle, tiles

HASHES = [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]
EDGES = [0, 1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 69_999, 70_000]


def grown(*sizes: int) -> dict[tuple[int, int], bytes]:
    """All tiles of a tree that grew to the sizes one after another, each time from its right edge alone."""
    every: dict[tuple[int, int], bytes] = {}
    size = 0
    for following in sizes:
        edge = {(tile.level, tile.index): every[tile.level, tile.index] for tile in tiles.tiles_for_root(size)}
        every |= tiles.extend(size, edge, HASHES[size:following])
        size = following
    return every


TREE = grown(70_000)


def read(level: int, index: int, width: int) -> bytes:
    return TREE[level, index][: width * 32]


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        ((0, 0, 256), "tile/0/000"),
        ((0, 1, 1), "tile/0/001.p/1"),
        ((0, 999, 256), "tile/0/999"),
        ((0, 1234, 5), "tile/0/x001/234.p/5"),
        ((3, 1_234_067, 256), "tile/3/x001/x234/067"),
        ((63, 0, 255), "tile/63/000.p/255"),
        ((tiles.ENTRIES, 1_000_000, 7), "tile/entries/x001/x000/000.p/7"),
    ],
)
def test_the_names_of_the_specification(tile, path):
    assert tiles.path(*tile) == path
    assert tiles.parse(path) == tiles.Tile(*tile)
    assert tiles.Tile(*tile).path == path


@given(st.integers(-1, 63), st.integers(0, 2**56 - 1), st.integers(1, 256))
def test_names_read_back(level, index, width):
    assert tiles.parse(tiles.path(level, index, width)) == tiles.Tile(level, index, width)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/001/234",
        "tile/0/x001",
        "tile/0/x001/x234",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p/1/",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "/tile/0/000",
        "tile/entry/000",
        "tile/0/../000",
        "tile/0/" + "x999/" * 100 + "999",
        "tile/0/x999/x999/x999/x999/x999/999",
    ],
)
def test_other_names_are_refused(path):
    with pytest.raises(tiles.TileError):
        tiles.parse(path)


def test_there_are_no_tiles_beyond_the_specification():
    for tile in [(0, 0, 0), (0, 0, 257), (0, -1, 1), (64, 0, 1), (-2, 0, 1), (0, 2**56, 1)]:
        with pytest.raises(ValueError, match="no tile"):
            tiles.path(*tile)


def test_the_specification_s_example_of_seventy_thousand_entries():
    by_level: dict[int, list[int]] = {}
    for (level, _), data in sorted(TREE.items()):
        by_level.setdefault(level, []).append(len(data) // 32)
    assert by_level == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}
    assert [tile.path for tile in tiles.tiles_for_root(70_000)] == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert [tile.path for tile in tiles.tiles_for_root(256)] == ["tile/1/000.p/1"]
    assert tiles.tiles_for_root(0) == []


def test_every_hash_is_the_one_that_the_specification_gives_it():
    for (level, index), data in TREE.items():
        for position, value in list(enumerate(tiles.hashes(data)))[:: 255 if level == 0 else 17]:
            start = (index * 256 + position) * 256**level
            assert value == merkle.root(HASHES[start : start + 256**level])


@given(st.lists(st.integers(0, 1300), max_size=8))
@example([0, 256, 512, 512, 513])
def test_a_tree_is_the_same_however_it_grew(sizes):
    steps = sorted(sizes)
    assert grown(*steps) == grown(*steps[-1:])


@pytest.mark.parametrize("start", EDGES[:-1])
def test_growth_returns_just_the_tiles_that_changed(start):
    before, after = grown(start), grown(start, start + 1)
    edge = {(tile.level, tile.index): before[tile.level, tile.index] for tile in tiles.tiles_for_root(start)}
    changed = tiles.extend(start, edge, HASHES[start : start + 1])
    assert changed == {place: data for place, data in after.items() if before.get(place) != data}


def test_growth_needs_the_whole_edge():
    with pytest.raises(tiles.TileError, match=r"tile/0/000\.p/3 has 64 bytes where 96 are needed"):
        tiles.extend(3, {(0, 0): bytes(64)}, HASHES[3:4])
    with pytest.raises(tiles.TileError):
        tiles.extend(1, {}, HASHES[1:2])
    with pytest.raises(tiles.TileError):
        tiles.extend(0, {}, [b"short"])
    assert tiles.extend(3, {}, []) == {}


@pytest.mark.parametrize("size", EDGES)
def test_the_root_follows_from_the_edge(size):
    needed = {(tile.level, tile.index, tile.width) for tile in tiles.tiles_for_root(size)}
    coordinates = set()

    def watched(level: int, index: int, width: int) -> bytes:
        coordinates.add((level, index, width))
        return read(level, index, width)

    assert tiles.root_from_tiles(watched, size) == merkle.root(HASHES[:size])
    assert coordinates == needed


@given(st.data())
def test_proofs_from_tiles_hold_and_read_what_was_foretold(data):
    new = data.draw(st.sampled_from(EDGES[1:]) | st.integers(1, 70_000))
    old = data.draw(st.sampled_from([size for size in EDGES[1:] if size <= new]) | st.integers(1, new))
    index = data.draw(st.sampled_from([0, new - 1, old - 1]) | st.integers(0, new - 1))
    read_tiles: list[tiles.Tile] = []

    def watched(level: int, index: int, width: int) -> bytes:
        read_tiles.append(tiles.Tile(level, index, width))
        return TREE[level, index]  # more than was asked for, as a log that has grown would give

    root = tiles.root_from_tiles(read, new)
    proof = tiles.inclusion_proof(watched, index, new)
    merkle.verify_inclusion(index=index, size=new, leaf=HASHES[index], proof=proof, root=root)
    assert read_tiles == tiles.tiles_for_inclusion(index, new)

    read_tiles.clear()
    proof = tiles.consistency_proof(watched, old, new)
    old_root = tiles.root_from_tiles(read, old)
    merkle.verify_consistency(old_size=old, new_size=new, old_root=old_root, new_root=root, proof=proof)
    assert read_tiles == tiles.tiles_for_consistency(old, new)


def test_a_tile_that_is_too_short_is_named():
    with pytest.raises(tiles.TileError, match=r"tile/0/273\.p/112"):
        tiles.inclusion_proof(lambda level, index, width: read(level, index, width)[32:], 69_999, 70_000)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_of_entries_reads_back(entries):
    assert tiles.unpack(tiles.pack(entries)) == entries


def test_a_bundle_has_the_specification_s_bytes():
    assert tiles.pack([b"abc", b"", b"x" * 258]) == b"\x00\x03abc\x00\x00\x01\x02" + b"x" * 258
    assert len(tiles.unpack(tiles.pack([b"x" * 0xFFFF]))[0]) == 0xFFFF
    with pytest.raises(tiles.TileError):
        tiles.pack([b"x" * 0x10000])


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=5), st.data())
def test_a_bundle_that_was_cut_off_is_refused(entries, data):
    packed = tiles.pack(entries)
    length = data.draw(st.integers(1, len(packed) - 1))
    whole, remainder = tiles.split(packed[:length])
    assert whole == entries[: len(whole)]
    if remainder:
        with pytest.raises(tiles.TileError, match=f"within its entry {len(whole)}"):
            tiles.unpack(packed[:length])
    else:
        assert tiles.pack(whole) == packed[:length]


@pytest.mark.parametrize("data", [b"", b"x" * 31, b"x" * 96, b"x" * 33])
def test_only_complete_subtrees_have_a_root(data):
    with pytest.raises(tiles.TileError):
        tiles.subtree(data)
    if len(data) % 32:
        with pytest.raises(tiles.TileError):
            tiles.hashes(data)


def test_the_golden_log_of_another_implementation(vectors):
    log = vectors("golden_log.json")
    entries = tiles.unpack(base64.b64decode(log["entries"]))
    assert entries[:3] == [b"one", b"two", b"three"]
    edge = tiles.extend(0, {}, [merkle.leaf_hash(entry) for entry in entries])
    assert edge == {(0, 0): base64.b64decode(log["tile"])}
    assert tiles.pack(entries) == base64.b64decode(log["entries"])
