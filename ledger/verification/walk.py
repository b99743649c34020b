"""The pass of a verification over the entries: each is read once, in order, a bundle of 256 at a time.

Memory stays the same whatever the log's length, but for one number per checkpoint. Checked are the form and number of
every entry, the chain of `prev`, its hash against the tile, the tiles of all levels, and signature and root of every
checkpoint. Since all checkpoints are matched with prefixes of one sequence of entries, they are consistent with each
other. What differs is told apart as `ledger.verification.claims` describes; a block in which nothing differs is taken in as a whole.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ledger.bundle.files import CHECKPOINTS, Files, Missing, Unreadable
from ledger.format import checkpoint, entry, tiles
from ledger.format.rotation import History
from ledger.verification import blocks
from ledger.verification.claims import Accounts, Record, Tree
from ledger.verification.report import MAX_FINDINGS, Code, Finding, Findings, Report

Progress = Callable[[int, int], None]
"""Is told, now and then, how many entries have been looked at, of how many."""

_WITNESSES = 2
"""An entry is judged with so many after it."""


@dataclass(slots=True)
class Schedule:
    """What is to be matched: all up to the newest checkpoint.

    `sizes` are those of the files in `checkpoints`, ascending; `others` are checkpoints from elsewhere, already opened.
    Entries below `minimum` may be pruned.
    """

    latest: checkpoint.Checkpoint
    sizes: list[int]
    others: dict[int, list[tuple[str, checkpoint.Checkpoint]]] = field(default_factory=dict)
    minimum: int = 0

    def add(self, label: str, opened: checkpoint.Checkpoint) -> None:
        """Have another checkpoint matched too."""
        self.others.setdefault(opened.size, []).append((label, opened))


def open_checkpoint(
    bundle: Files, path: str, key: History, findings: Findings, size: int | None = None
) -> checkpoint.Checkpoint | None:
    """A checkpoint of the bundle, signed by the log, of `size` where one is given; otherwise None, and a finding."""
    try:
        opened = key.open(bundle.read(path))
    except Unreadable as error:
        code = Code.CHECKPOINT_MISSING if isinstance(error, Missing) else Code.FILE_UNUSABLE
        findings.add(Finding(code, error.reason, path=path))
        return None
    except ValueError as error:
        findings.add(Finding(Code.CHECKPOINT_INVALID, str(error), path=path))
        return None
    if size not in (None, opened.size):
        detail = "the checkpoint is of another size than its file's name says"
        findings.add(Finding(Code.CHECKPOINT_INVALID, detail, path=path, expected=str(size), found=str(opened.size)))
        return None
    return opened


class Walk:
    """One pass over the log in a bundle."""

    def __init__(self, bundle: Files, key: History, schedule: Schedule, findings: Findings) -> None:
        self._bundle, self._key, self._findings = bundle, key, findings
        self._latest, self._others, self._minimum = schedule.latest, schedule.others, schedule.minimum
        self._listed = set(schedule.sizes)
        self._due = deque(sorted({*schedule.sizes, *schedule.others}))
        self._by_chain, self._by_tile = Tree(), Tree()
        self._window: deque[Record] = deque()
        self._disputes: list[Accounts] = []
        self._unmatched: list[Finding] = []
        self._cache: dict[int, tuple[int, list[bytes] | None]] = {}
        self._matches: list[int] = []
        self._pruned = self._entries = self._tiles = self._checkpoints = self._good = 0

    def run(self, progress: Progress = lambda _done, _all: None) -> None:
        """Check everything up to the newest checkpoint, or up to where neither entries nor hashes are left."""
        self._match()
        block = self._read(0, entry.GENESIS)
        while block is not None:
            following = self._read(block.index + 1, block.last)
            # A block's last entry is judged with what the next block says of it.
            is_sound = block.is_sound and (following is None or following.is_sound)
            if not self._take(block, is_sound=is_sound):
                break
            progress(self._by_chain.size, self._latest.size)
            block = following
        while self._window:
            self._settle()
        self._decide(None)
        if self._unmatched:
            self._findings.add(self._unmatched[0])
            if len(self._unmatched) > 1:
                self._findings.remarks.append("no later checkpoint matches either")
        if self._due:
            self._findings.remarks.append(
                f"checkpoints from size {self._due[0]} on could not be matched: entries are missing"
            )
            self._checkpoints += len(self._due)

    def report(self, *, is_key_given: bool) -> Report:
        """What was found."""
        beyond = tiles.entries_path(-(-self._latest.size // tiles.WIDTH))
        if self._bundle.has(beyond):
            self._findings.remarks.append("there are entries beyond the newest checkpoint; they were not looked at")
        first = min((finding.index for finding in self._findings.kept if finding.index is not None), default=None)
        return Report(
            origin=self._latest.origin,
            size=self._latest.size,
            root=self._latest.root.hex(),
            key_given=is_key_given,
            entries=self._entries,
            pruned=self._pruned,
            tiles=self._tiles,
            checkpoints=self._checkpoints,
            checkpoints_matched=len(self._matches),
            findings=self._findings.by_index(),
            omitted=self._findings.omitted,
            remarks=tuple(self._findings.remarks),
            vouched=self._matches[-1] if self._matches else 0,
            later=() if first is None else tuple(size for size in self._matches if size > first),
        )

    def _read(self, index: int, prev: bytes | None) -> blocks.Block | None:
        """The next block, or None behind the last one."""
        if index * tiles.WIDTH >= self._latest.size:
            return None
        return blocks.read(self._bundle, index, self._latest.size, prev, minimum=self._minimum)

    def _take(self, block: blocks.Block, *, is_sound: bool) -> bool:
        """Take in a block; returns whether there was anything to go on with.

        Of a block that is sound, as is the next one, no entry has to be judged. Its first ones are only witnesses to
        those that still wait.
        """
        for finding in block.findings:
            self._findings.add(finding)
        self._pruned += block.width if block.is_pruned else 0
        position = 0
        if is_sound:
            while position < block.width and self._window and self._window[0].index < block.start:
                self._push(block.record(position))
                position += 1
            if self._by_chain.size == block.start and not self._disputes and self._by_chain.is_as(self._by_tile):
                self._entries += len(block.leaves) - min(position, len(block.leaves))
                self._window.clear()
                self._grow(block)
                return True
        for rest in range(position, block.width):
            record = block.record(rest)
            if record.stored is None and record.tile is None:
                return False
            self._push(record)
        return True

    def _grow(self, block: blocks.Block) -> None:
        """Let the tree, which is one, grow by a block that is sound, and match what is due on the way."""
        position = 0
        while position < block.width:
            stop = min(block.width, self._due[0] - block.start) if self._due else block.width
            if stop - position == tiles.WIDTH:
                completed = self._by_chain.append(tiles.subtree(b"".join(block.stored)), height=tiles.HEIGHT)
            else:
                leaves = block.stored[position:stop]
                completed = [tile for leaf in leaves for tile in self._by_chain.append(leaf)]
            self._by_tile.adopt(self._by_chain)
            for level, index, root in completed:
                self._check_tile(level, index, {root})
            self._match()
            position = stop

    def _push(self, record: Record) -> None:
        self._entries += record.stored is not None
        self._window.append(record)
        if len(self._window) > _WITNESSES:
            self._settle()

    def _settle(self) -> None:
        """Judge the oldest record in the window, let both trees grow by it, and match what is due then."""
        record = self._window.popleft()
        following = self._window[0] if self._window else None
        accounts = Accounts.of(record, following, self._window[1] if len(self._window) > 1 else None)
        if accounts.is_disputed and len(self._disputes) < MAX_FINDINGS:
            self._disputes.append(accounts)
        elif accounts.is_disputed:
            self._findings.omitted += 1
        elif record.flaw is not None:
            self._findings.add(Finding(record.flaw.code, record.flaw.detail, index=record.index))
        completed = self._by_chain.append(accounts.by_chain), self._by_tile.append(accounts.by_tile)
        for (level, index, root), (_, _, other) in zip(*completed, strict=False):
            self._check_tile(level, index, {root, other})
        self._match()

    def _check_tile(self, level: int, index: int, roots: set[bytes]) -> None:
        """A tile is complete: check that the tile above holds its root, by one account of the entries or the other."""
        self._tiles += 1
        above, position = divmod(index, tiles.WIDTH)
        hashes = self._hashes(level + 1, above)
        if hashes is None or hashes[position] in roots:
            return
        self._findings.add(
            Finding(
                Code.TILE_ALTERED,
                f"hash {position} of the tile is not the root of {tiles.path(level, index)}",
                path=tiles.path(level + 1, above, tiles.width(level + 1, above, self._latest.size)),
                expected=" or ".join(sorted(root.hex() for root in roots)),
                found=hashes[position].hex(),
            )
        )

    def _hashes(self, level: int, index: int) -> list[bytes] | None:
        """A tile's hashes, or None where it cannot be had. Of each level the last tile is kept: each is read once."""
        if level not in self._cache or self._cache[level][0] != index:
            tile = tiles.Tile(level, index, tiles.width(level, index, self._latest.size))
            try:
                self._cache[level] = index, tiles.hashes(self._bundle.tile(tile))
            except Unreadable as error:
                self._cache[level] = index, None
                code = Code.TILE_MISSING if isinstance(error, Missing) else Code.FILE_UNUSABLE
                self._findings.add(Finding(code, error.reason, path=error.path))
        return self._cache[level][1]

    def _match(self) -> None:
        """Match the checkpoints that are due at the trees' size."""
        size = self._by_chain.size
        while self._due and self._due[0] == size:
            self._due.popleft()
            self._checkpoints += 1
            signed = list(self._others.get(size, ()))
            if size in self._listed:
                path = f"{CHECKPOINTS}/{size}"
                opened = open_checkpoint(self._bundle, path, self._key, self._findings, size)
                signed += [(path, opened)] if opened else []
            matches = [self._match_one(path, opened) for path, opened in signed]
            if matches and all(matches):
                self._matches.append(size)

    def _match_one(self, path: str, signed: checkpoint.Checkpoint) -> bool:
        tree, other = self._by_chain, self._by_tile
        if tree.root() != signed.root:
            tree, other = other, tree
        if tree.root() != signed.root:
            if len(self._unmatched) < MAX_FINDINGS:
                self._unmatched.append(self._differs(path, signed))
            return False
        other.adopt(tree)
        self._decide(signed.size, is_chain_right=tree is self._by_chain)
        # A checkpoint that did not match, before one that does, was signed over some other tree.
        detail = f"the log signed another tree of this size than the one that checkpoint {signed.size} continues"
        for finding in self._unmatched:
            self._findings.add(replace(finding, code=Code.CHECKPOINT_FORKED, detail=detail, index=None, until=None))
        self._unmatched.clear()
        self._good = signed.size
        return True

    def _differs(self, path: str, signed: checkpoint.Checkpoint) -> Finding:
        is_explained = bool(self._disputes) or any(
            finding.index is not None and self._good <= finding.index < signed.size for finding in self._findings.kept
        )
        root = self._by_chain.root() or self._by_tile.root()
        return Finding(
            Code.ROOT_DIFFERS,
            f"the entries do not have the root that the log signed at size {signed.size}"
            + (f"; up to {self._good} they are as it signed them" if self._good else ""),
            index=None if is_explained else self._good,
            until=None if is_explained else signed.size,
            path=path,
            expected=signed.root.hex(),
            found=root.hex() if root else None,
        )

    def _decide(self, size: int | None, *, is_chain_right: bool = True) -> None:
        """Judge what is disputed: by the checkpoint of `size` that one of the trees matches, or as well as it goes."""
        for dispute in self._disputes:
            truth = dispute.by_chain if is_chain_right else dispute.by_tile
            finding = dispute.judge(None if size is None else truth, size)
            if finding is not None:
                self._findings.add(finding)
            if dispute.flaw is not None and (finding is None or finding.code is not Code.ENTRY_ALTERED):
                self._findings.add(Finding(dispute.flaw.code, dispute.flaw.detail, index=dispute.index))
        self._disputes.clear()
