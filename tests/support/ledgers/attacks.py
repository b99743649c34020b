"""A simulator of attacks on a log, after that of python-tuf. The attacker runs the log, or has its disk.

Each attack takes a good log and leaves the directory of an export as the attacker would hand it over. It states the answer
of our verifier, the entry, and the verifiers of others that can see it, given the files they read.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ledger.format import canonical, checkpoint, entry, merkle, note, tiles
from ledger.format.cosignature import ED25519, SEED_SIZE, CosignerKey
from ledger.verification.report import Code
from tests.support.ledgers.logs import SEED, Log

SIZES = (1, 100, 256, 300, 700)
"""The sizes at which the attacked log has checkpoints."""

ALL = frozenset({"fsck", "sumdb", "scitt-cose", "sigstore"})
ENTRIES = ALL
"""All of them read entries, and see an altered one."""
TILES = frozenset({"fsck", "sumdb"})
"""Those that read tiles of hashes."""
NEWEST = frozenset({"fsck", "sumdb", "sigstore"})
"""Those that check the newest checkpoint's signature."""
PAST = frozenset({"sumdb"})
"""The one that checks the signatures of past checkpoints. Their roots are checked by scitt-cose too."""
WITNESSES = frozenset({"sumdb"})
"""The one that takes witnesses' keys. The others ignore the lines of witnesses."""
NOBODY: frozenset[str] = frozenset()


@dataclass
class AttackedExport:
    """A good log, its export in `directory`, and what the auditor has beside it: the key, and checkpoints from receipts."""

    log: Log
    directory: Path
    known: list[str] = field(default_factory=list)
    verifier: note.Verifier | None = None

    def path(self, name: str) -> Path:
        return self.directory / name

    def put(self, name: str, data: bytes | str) -> None:
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_bytes(data.encode() if isinstance(data, str) else data)

    def flip(self, name: str, position: int) -> None:
        data = bytearray(self.path(name).read_bytes())
        data[position] ^= 1
        self.path(name).write_bytes(data)

    def edit(self, index: int, change: Callable[[bytes], bytes]) -> None:
        """Change one entry in its bundle."""
        path = self.path(bundle_of(index))
        leaves = tiles.unpack(path.read_bytes())
        leaves[index % tiles.WIDTH] = change(leaves[index % tiles.WIDTH])
        path.write_bytes(tiles.pack(leaves))

    def replace(self, log: Log, *names: str) -> None:
        """Replace the files by another log's, but for those with these names or below them."""
        unchanged = {
            path: data for path, data in self.log.files().items() if any(path.startswith(name) for name in names)
        }
        shutil.rmtree(self.directory)
        for path, data in (log.files() | unchanged).items():
            self.put(path, data)


@dataclass(frozen=True)
class Attack:
    """An attack; `run` does it. `index` is the report's first bad entry, `seen` are the other verifiers that see it.

    `code` is among the codes of the findings: many attacks leave more than one trace. It is None for a change that is no
    flaw, and must lead to no finding.
    """

    name: str
    code: Code | None
    index: int | None
    seen: frozenset[str]
    run: Callable[[AttackedExport], None]


ATTACKS: list[Attack] = []


def attack(
    code: Code | None, index: int | None, seen: frozenset[str]
) -> Callable[[Callable[[AttackedExport], None]], None]:
    """Register an attack under the function's name."""

    def add(run: Callable[[AttackedExport], None]) -> None:
        ATTACKS.append(Attack(run.__name__, code, index, seen, run))

    return add


def bundle_of(index: int) -> str:
    return tiles.entries_path(index // tiles.WIDTH, tiles.width(tiles.ENTRIES, index // tiles.WIDTH, SIZES[-1]))


def export_log(directory: Path) -> AttackedExport:
    """A good log of 700 entries with five checkpoints, exported."""
    log = Log.signed_at(*SIZES)
    return AttackedExport(log, log.write(directory))


def _length_prefix(index: int) -> int:
    return len(tiles.pack(Log.signed_at(SIZES[-1]).leaves[index // 256 * 256 : index]))


def _other_body(leaf: bytes) -> bytes:
    parsed = entry.parse(leaf)
    return entry.splice(body=canonical.dumps({**parsed.body, "n": -1}), prev=parsed.prev, seq=parsed.seq)


def _spoiled(base64: str) -> str:
    """The text with another letter of base64 near its end."""
    return base64[:-12] + ("A" if base64[-12] != "A" else "B") + base64[-11:]


# Entries.


@attack(Code.ENTRY_ALTERED, 300, ENTRIES)
def entry_rewritten(at: AttackedExport) -> None:
    at.edit(300, _other_body)


@attack(Code.ENTRY_ALTERED, 300, ENTRIES)
def bit_of_entry_flipped(at: AttackedExport) -> None:
    at.edit(300, lambda leaf: leaf[:20] + bytes([leaf[20] ^ 1]) + leaf[21:])


@attack(Code.ENTRY_ALTERED, 300, ENTRIES)
def prev_of_entry_flipped(at: AttackedExport) -> None:
    def other(leaf: bytes) -> bytes:
        return leaf.replace(b'"prev":"' + at.log.hashes[299].hex().encode(), b'"prev":"' + b"0" * 64)

    at.edit(300, other)


@attack(Code.ENTRY_ALTERED, 699, ENTRIES)
def last_entry_rewritten(at: AttackedExport) -> None:
    at.edit(699, _other_body)


@attack(Code.ENTRY_ALTERED, 40, ENTRIES)
def entries_swapped(at: AttackedExport) -> None:
    first, second = at.log.leaves[40], at.log.leaves[41]
    at.edit(40, lambda _: second)
    at.edit(41, lambda _: first)


@attack(Code.ENTRY_ALTERED, 40, ENTRIES)
def entry_duplicated(at: AttackedExport) -> None:
    at.edit(40, lambda _: at.log.leaves[39])


@attack(Code.ENTRY_MISSING, 255, ENTRIES)
def entry_dropped_from_bundle(at: AttackedExport) -> None:
    at.put(bundle_of(0), tiles.pack(at.log.leaves[:255]))


@attack(Code.ENTRY_ALTERED, 10, ENTRIES)
def entry_taken_out_and_the_rest_moved_up(at: AttackedExport) -> None:
    at.put(bundle_of(0), tiles.pack([*at.log.leaves[:10], *at.log.leaves[11:256], at.log.leaves[255]]))


@attack(Code.ENTRY_MISSING, 256, ENTRIES)
def entry_bundle_dropped(at: AttackedExport) -> None:
    at.path(bundle_of(256)).unlink()


@attack(Code.ENTRY_MISSING, 255, ENTRIES)
def length_prefix_raised(at: AttackedExport) -> None:
    """The high byte of the last entry's length: the bundle then ends inside it."""
    at.flip(bundle_of(255), _length_prefix(255))


@attack(Code.ENTRY_ALTERED, 0, ENTRIES)
def length_prefix_lowered(at: AttackedExport) -> None:
    """The low byte of the first entry's length: the rest is read from a wrong offset."""
    at.flip(bundle_of(0), 1)


# Tiles.


@attack(Code.TILE_ALTERED, 300, TILES)
def bit_of_leaf_tile_flipped(at: AttackedExport) -> None:
    at.flip("tile/0/001", (300 - 256) * 32)


@attack(Code.TILE_ALTERED, 699, TILES)
def bit_of_partial_leaf_tile_flipped(at: AttackedExport) -> None:
    at.flip("tile/0/002.p/188", 187 * 32)


@attack(Code.TILE_ALTERED, None, TILES)
def bit_of_upper_tile_flipped(at: AttackedExport) -> None:
    at.flip("tile/1/000.p/2", 32)


@attack(Code.TILE_MISSING, None, TILES)
def leaf_tile_dropped(at: AttackedExport) -> None:
    at.path("tile/0/001").unlink()


@attack(Code.TILE_MISSING, None, TILES)
def upper_tile_dropped(at: AttackedExport) -> None:
    at.path("tile/1/000.p/2").unlink()


@attack(Code.FILE_UNUSABLE, None, TILES)
def tile_cut_short(at: AttackedExport) -> None:
    at.put("tile/0/001", at.path("tile/0/001").read_bytes()[:-32])


@attack(Code.ENTRY_ALTERED, 300, ENTRIES)
def entry_rewritten_and_all_tiles_made_to_fit(at: AttackedExport) -> None:
    """The attacker has the database but not the key, and leaves the chain as it is."""
    at.edit(300, _other_body)
    hashes = [
        merkle.leaf_hash(leaf)
        for start in range(0, SIZES[-1], 256)
        for leaf in tiles.unpack(at.path(bundle_of(start)).read_bytes())
    ]
    for (level, index), data in tiles.extend(0, {}, hashes).items():
        at.put(tiles.path(level, index, len(data) // 32), data)


@attack(Code.ROOT_DIFFERS, 256, ENTRIES)
def history_rewritten_from_280_on_without_the_key(at: AttackedExport) -> None:
    """Entries, chain and tiles are written anew; the checkpoints stay. The report can bound where it began: 256 to 299."""
    other = Log.signed_at(280)
    other.append(SIZES[-1] - 280, forged=True)
    other.sign()
    at.replace(other, "checkpoint")
    for size in other.checkpoints.keys() - at.log.checkpoints.keys():
        at.path(f"checkpoints/{size}").unlink(missing_ok=True)


# Checkpoints.


@attack(Code.CHECKPOINT_INVALID, None, ALL)
def size_in_checkpoint_changed(at: AttackedExport) -> None:
    for name in ("checkpoint", "checkpoints/700"):
        at.put(name, at.log.newest.replace("\n700\n", "\n300\n"))


@attack(Code.CHECKPOINT_INVALID, None, ALL)
def root_in_checkpoint_changed(at: AttackedExport) -> None:
    size, root, _ = at.log.newest.split("\n")[1:4]
    for name in ("checkpoint", f"checkpoints/{size}"):
        at.put(name, at.log.newest.replace(root, _spoiled(root)))


@attack(Code.CHECKPOINT_INVALID, None, NEWEST)
def origin_in_checkpoint_changed(at: AttackedExport) -> None:
    at.put("checkpoint", at.log.newest.replace("exchange.example", "exchange.exampel", 1))


@attack(Code.CHECKPOINT_INVALID, None, NEWEST)
def signature_flipped(at: AttackedExport) -> None:
    line = at.log.newest.split("\n")[-2]
    at.put("checkpoint", at.log.newest.replace(line, _spoiled(line)))


@attack(Code.CHECKPOINT_INVALID, None, NEWEST)
def signature_dropped(at: AttackedExport) -> None:
    at.put("checkpoint", at.log.newest.split("\n\n")[0] + "\n\n")


@attack(Code.CHECKPOINT_INVALID, None, NEWEST)
def signed_by_another_key_of_the_same_name(at: AttackedExport) -> None:
    stranger = note.Signer(at.log.signer.name, bytes(32))
    at.put("checkpoint", checkpoint.sign(checkpoint.parse(at.log.newest.split("\n\n")[0] + "\n"), stranger))


@attack(Code.CHECKPOINT_INVALID, None, NEWEST)
def bad_signature_before_a_good_one_of_the_same_key(at: AttackedExport) -> None:
    """One invalid line of a known key makes the note invalid, whatever other lines it has."""
    head, line = at.log.newest.rstrip("\n").rsplit("\n", 1)
    at.put("checkpoint", f"{head}\n{_spoiled(line)}\n{line}\n")


@attack(Code.CHECKPOINT_INVALID, None, NOBODY)
def bad_signature_behind_a_good_one_of_the_same_key(at: AttackedExport) -> None:
    """The others read the first line of a key and pass over its further ones."""
    head, line = at.log.newest.rstrip("\n").rsplit("\n", 1)
    at.put("checkpoint", f"{head}\n{line}\n{_spoiled(line)}\n")


@attack(Code.CHECKPOINT_INVALID, None, PAST)
def past_checkpoint_of_another_size(at: AttackedExport) -> None:
    at.put("checkpoints/300", at.log.checkpoints[256])


@attack(Code.CHECKPOINT_INVALID, None, PAST)
def past_signature_flipped(at: AttackedExport) -> None:
    at.put("checkpoints/300", _spoiled(at.log.checkpoints[300]))


@attack(Code.CHECKPOINT_MISSING, None, ALL)
def newest_checkpoint_dropped(at: AttackedExport) -> None:
    at.path("checkpoint").unlink()


@attack(Code.CHECKPOINT_REPLAYED, None, PAST)
def checkpoint_replayed(at: AttackedExport) -> None:
    """An old checkpoint in place of the newest. Alone it is that of a good, smaller log, whose partial tiles exist too."""
    at.put("checkpoint", at.log.checkpoints[300])
    at.put("tile/0/001.p/44", at.path("tile/0/001").read_bytes()[: 44 * 32])
    at.put("tile/entries/001.p/44", tiles.pack(at.log.leaves[256:300]))
    at.put("tile/1/000.p/1", at.path("tile/1/000.p/2").read_bytes()[:32])


# Cosignatures, of which the policy asks for those of two out of three witnesses.

KEYS = [CosignerKey(f"witness.example/{name}", ED25519, name.encode() * SEED_SIZE) for name in "abc"]
_TIME = 1_700_000_000


def _cosigned(at: AttackedExport, *lines: str) -> None:
    """Cosign the log with two of three witnesses, and put these lines below the newest checkpoint instead."""
    witnesses = "".join(f"witness {key.name[-1]} {key.cosigner.vkey}\n" for key in KEYS)
    at.put("policy", f"log {at.log.signer.vkey}\n{witnesses}group g 2 a b c\nquorum g\n")
    for size, signed in at.log.checkpoints.items():
        at.put(f"checkpoints/{size}", signed + "".join(_cosignatures(at, size)[:2]))
    newest = at.log.newest.partition("\n\n")[0]
    for name in ("checkpoint", f"checkpoints/{SIZES[-1]}"):
        at.put(name, f"{newest}\n\n{''.join(lines)}")


def _own(at: AttackedExport) -> str:
    return at.log.newest.partition("\n\n")[2]


def _cosignatures(at: AttackedExport, size: int = SIZES[-1]) -> list[str]:
    """The lines of all three witnesses on a checkpoint."""
    text = note.text_of(at.log.checkpoints[size])
    return [key.line(text, time=_TIME + size) for key in KEYS]


def _material(line: str) -> bytes:
    """The key id and the signature in a line."""
    return note.decode_base64(line.rstrip().rpartition(" ")[2])


@attack(None, None, NOBODY)
def cosignatures_reordered(at: AttackedExport) -> None:
    """The order of lines has no meaning."""
    first, second, third = _cosignatures(at)
    _cosigned(at, third, first, _own(at), second)


@attack(None, None, NOBODY)
def cosignature_of_a_stranger_put_first(at: AttackedExport) -> None:
    stranger = CosignerKey("witness.example/x", ED25519, b"x" * SEED_SIZE)
    _cosigned(at, stranger.line(note.text_of(at.log.newest), time=_TIME), *_cosignatures(at)[:2], _own(at))


@attack(Code.QUORUM_MISSING, None, WITNESSES)
def cosignature_dropped(at: AttackedExport) -> None:
    _cosigned(at, _own(at), _cosignatures(at)[0])


@attack(Code.QUORUM_MISSING, None, WITNESSES)
def cosignature_doubled(at: AttackedExport) -> None:
    """Two lines, but of one witness."""
    line = _cosignatures(at)[0]
    _cosigned(at, _own(at), line, line)


@attack(Code.QUORUM_MISSING, None, WITNESSES)
def cosignature_doubled_with_another_time(at: AttackedExport) -> None:
    """The same, where the witness has cosigned the same checkpoint twice."""
    text = note.text_of(at.log.newest)
    _cosigned(at, _own(at), KEYS[0].line(text, time=_TIME), KEYS[0].line(text, time=_TIME + 60))


@attack(Code.COSIGNATURE_INVALID, None, WITNESSES)
def cosignature_of_another_checkpoint(at: AttackedExport) -> None:
    _cosigned(at, _own(at), _cosignatures(at)[0], _cosignatures(at, 300)[1])


@attack(Code.COSIGNATURE_INVALID, None, WITNESSES)
def cosignature_with_its_time_changed(at: AttackedExport) -> None:
    first, second, _ = _cosignatures(at)
    material = bytearray(_material(second))
    material[11] ^= 1  # the last of the time's eight bytes, which follow the key id
    _cosigned(at, _own(at), first, note.line(KEYS[1].name, bytes(material[:4]), bytes(material[4:])))


@attack(Code.QUORUM_MISSING, None, WITNESSES)
def cosignature_by_the_key_of_another(at: AttackedExport) -> None:
    """The first witness once more, under the second one's name: the id of such a key is nobody's."""
    second = CosignerKey(KEYS[1].name, ED25519, KEYS[0].seed)
    _cosigned(at, _own(at), _cosignatures(at)[0], second.line(note.text_of(at.log.newest), time=_TIME))


@attack(Code.COSIGNATURE_INVALID, None, WITNESSES)
def cosignature_by_the_key_of_another_under_the_key_id(at: AttackedExport) -> None:
    line = _cosignatures(at)[0]
    _cosigned(at, _own(at), line, note.line(KEYS[1].name, KEYS[1].cosigner.key_id, _material(line)[4:]))


@attack(Code.CHECKPOINT_INVALID, None, NEWEST)
def cosignatures_without_a_line_of_the_log(at: AttackedExport) -> None:
    _cosigned(at, *_cosignatures(at))


# Keys and policy.


@attack(Code.KEY_DIFFERS, None, NOBODY)
def key_and_all_signatures_exchanged(at: AttackedExport) -> None:
    """A consistent log under a key of the attacker's: only an auditor with the right key from elsewhere sees it."""
    at.verifier = at.log.signer.verifier
    at.replace(Log.signed_at(*SIZES, seed=bytes(32)))


@attack(Code.KEY_DIFFERS, None, NOBODY)
def vkey_exchanged(at: AttackedExport) -> None:
    at.put("vkey", note.Signer(at.log.signer.name, bytes(32)).vkey)
    at.verifier = at.log.signer.verifier


@attack(Code.KEY_DIFFERS, None, NOBODY)
def policy_of_another_log(at: AttackedExport) -> None:
    at.put("policy", f"log {note.Signer(at.log.signer.name, bytes(32)).vkey}\nquorum none\n")


@attack(Code.FILE_UNUSABLE, None, NOBODY)
def bit_of_vkey_flipped(at: AttackedExport) -> None:
    at.flip("vkey", 40)
    at.verifier = at.log.signer.verifier


# The log itself, with its own key.


@attack(Code.LOG_TRUNCATED, 300, NOBODY)
def log_rewound(at: AttackedExport) -> None:
    """A shorter log that is good in itself; the auditor has an earlier receipt."""
    at.known = [at.log.newest]
    at.replace(Log.signed_at(1, 100, 256, 300))


@attack(Code.LOG_TRUNCATED, 300, NOBODY)
def backup_restored(at: AttackedExport) -> None:
    """A restored backup that signs other entries with the same key, and has fewer than before."""
    at.known = [at.log.newest]
    other = Log.signed_at(1, 100, 256)
    other.append(44, after="the restore")
    other.sign()
    at.replace(other)


@attack(Code.CHECKPOINT_FORKED, None, NOBODY)
def backup_restored_and_outgrown(at: AttackedExport) -> None:
    """The same, after it has outgrown the lost part: a good log, without the entries of earlier receipts."""
    at.known = [at.log.newest]
    other = Log.signed_at(1, 100, 256)
    other.append(700, after="the restore")
    other.sign()
    at.replace(other)


@attack(Code.CHECKPOINT_FORKED, None, NOBODY)
def split_view(at: AttackedExport) -> None:
    """Two logs under one key, one for each of two readers, who compare their checkpoints."""
    other = Log.signed_at(256)
    other.append(44, reader="another")
    at.known = [other.sign()]


@attack(Code.CHECKPOINT_FORKED, None, PAST | {"scitt-cose"})
def fork_among_the_past_checkpoints(at: AttackedExport) -> None:
    other = Log.signed_at(256)
    other.append(44, other=True)
    at.put("checkpoints/300", other.sign())


@attack(Code.SEQUENCE_BROKEN, 2, NOBODY)
def wrong_number_signed(at: AttackedExport) -> None:
    """The log appends and signs an entry with a wrong number: the tree is good, the entries are not."""
    _sign_leaves(at, lambda prev: entry.splice(body=b"{}", prev=prev, seq=7))


@attack(Code.CHAIN_BROKEN, 2, NOBODY)
def broken_chain_signed(at: AttackedExport) -> None:
    _sign_leaves(at, lambda _: entry.splice(body=b"{}", prev=bytes([9]) * 32, seq=2))


@attack(Code.ENTRY_MALFORMED, 2, NOBODY)
def malformed_entry_signed(at: AttackedExport) -> None:
    _sign_leaves(at, lambda prev: entry.splice(body=b'{"a": 1}', prev=prev, seq=2))


def _sign_leaves(at: AttackedExport, third: Callable[[bytes], bytes]) -> None:
    log = Log(note.Signer(at.log.signer.name, SEED))
    log.append(2)
    log.leaves.append(third(log.hashes[-1]))
    log.hashes.append(merkle.leaf_hash(log.leaves[-1]))
    log.full = tiles.extend(0, {}, log.hashes)
    log.sign()
    at.replace(log)
