"""The walk over all entries of a log, in order, in blocks of 256: it checks entries, chain, tiles and checkpoints.

Memory is constant in the log's length, but for one number per checkpoint. The walk checks the form and number of every
entry, the chain of `prev`, each hash against its tile, the tiles of all levels, and the signature and root of every
checkpoint. All checkpoints are matched with prefixes of one sequence of entries, so they are consistent with each
other. Where hashes differ, `ledger.verification.claims` finds what was altered; a block without a difference is
appended whole.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ledger.bundle.files import CHECKPOINTS, Files, Missing, Unreadable
from ledger.format import checkpoint, entry, tiles
from ledger.format.rotation import History
from ledger.verification import blocks
from ledger.verification.accounts import Chains
from ledger.verification.claims import Claims, Observation, Tree
from ledger.verification.report import MAX_FINDINGS, Code, Finding, Findings, Report

Progress = Callable[[int, int], None]
"""Called now and then with the number of entries checked so far, and of all entries."""

_LOOKAHEAD = 2
"""The number of later entries that are needed to judge one."""


@dataclass(slots=True)
class Schedule:
    """The checkpoints to match, up to `latest`, the newest.

    `sizes` are those of the files in `checkpoints`, ascending. `others` are verified checkpoints from elsewhere, with
    their labels, by size. Entries below `minimum` may be pruned.
    """

    latest: checkpoint.Checkpoint
    sizes: list[int]
    others: dict[int, list[tuple[str, checkpoint.Checkpoint]]] = field(default_factory=dict)
    minimum: int = 0

    def add(self, label: str, opened: checkpoint.Checkpoint) -> None:
        """Add a checkpoint from elsewhere."""
        self.others.setdefault(opened.size, []).append((label, opened))


def open_checkpoint(
    bundle: Files, path: str, key: History, findings: Findings, size: int | None = None
) -> checkpoint.Checkpoint | None:
    """Read and verify a checkpoint of the bundle, which has to be of `size` if given. None, and a finding, if it fails."""
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
    """One walk over the log in a bundle. Adds what is wrong to `findings`."""

    def __init__(self, bundle: Files, key: History, schedule: Schedule, findings: Findings) -> None:
        self._bundle, self._key, self._findings = bundle, key, findings
        self._latest, self._others, self._minimum = schedule.latest, schedule.others, schedule.minimum
        self.agreed = set[str]()  # the paths and labels of the checkpoints that match
        self._listed = set(schedule.sizes)
        self._due = deque(sorted({*schedule.sizes, *schedule.others}))
        self._by_chain, self._by_tile = Tree(), Tree()
        self._accounts = Chains(findings)
        self._window: deque[Observation] = deque()
        self._disputes: list[Claims] = []
        self._unmatched: list[Finding] = []
        self._cache: dict[int, tuple[int, list[bytes] | None]] = {}
        self._matches: list[int] = []
        self._pruned = self._entries = self._tiles = self._checkpoints = self._good = 0

    def run(self, progress: Progress = lambda _done, _all: None) -> None:
        """Check everything up to the newest checkpoint, or to where the bundle has neither entries nor hashes."""
        self._match()
        block = self._read(0, entry.GENESIS)
        while block is not None:
            following = self._read(block.index + 1, block.last)
            # The next block's `prev` is a claim about this block's last entry.
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

    @property
    def size(self) -> int:
        """The size of the newest checkpoint."""
        return self._latest.size

    def report(self, *, is_key_given: bool) -> Report:
        """The result of the walk."""
        beyond = tiles.entries_path(-(-self._latest.size // tiles.WIDTH))
        if self._bundle.has(beyond):
            self._findings.remarks.append("there are entries beyond the newest checkpoint; they were not looked at")
        first = min((finding.index for finding in self._findings.items if finding.index is not None), default=None)
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
        """The block of an index, or None after the last."""
        if index * tiles.WIDTH >= self._latest.size:
            return None
        return blocks.read(self._bundle, index, self._latest.size, prev, minimum=self._minimum)

    def _take(self, block: blocks.Block, *, is_sound: bool) -> bool:
        """Add a block to the trees. False if it has neither entries nor hashes, so that the walk cannot go on.

        If the block and the next one are sound, no entry of it needs to be judged; its first entries only serve as the
        successors of those still in the window.
        """
        self._accounts.take(block)
        for finding in block.findings:
            self._findings.add(finding)
        self._pruned += block.width if block.is_pruned else 0
        position = 0
        if is_sound:
            while position < block.width and self._window and self._window[0].index < block.start:
                self._push(block.observe(position))
                position += 1
            if self._by_chain.size == block.start and not self._disputes and self._by_chain.is_equal(self._by_tile):
                self._entries += len(block.leaves) - min(position, len(block.leaves))
                self._window.clear()
                self._grow(block)
                return True
        for rest in range(position, block.width):
            observed = block.observe(rest)
            if observed.entry is None and observed.tile is None:
                return False
            self._push(observed)
        return True

    def _grow(self, block: blocks.Block) -> None:
        """Append a sound block, and match the checkpoints within it. The two trees are equal here."""
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

    def _push(self, observed: Observation) -> None:
        self._entries += observed.entry is not None
        self._window.append(observed)
        if len(self._window) > _LOOKAHEAD:
            self._settle()

    def _settle(self) -> None:
        """Judge the oldest observation in the window, append it to both trees, and match the checkpoints of that size."""
        observed = self._window.popleft()
        following = self._window[0] if self._window else None
        claims = Claims.of(observed, following, self._window[1] if len(self._window) > 1 else None)
        if claims.is_disputed and len(self._disputes) < MAX_FINDINGS:
            self._disputes.append(claims)
        elif claims.is_disputed:
            self._findings.omitted += 1
        elif observed.flaw is not None:
            self._findings.add(Finding(observed.flaw.code, observed.flaw.detail, index=observed.index))
        completed = self._by_chain.append(claims.chain_first), self._by_tile.append(claims.tile_first)
        for (level, index, root), (_, _, other) in zip(*completed, strict=False):
            self._check_tile(level, index, {root, other})
        self._match()

    def _check_tile(self, level: int, index: int, roots: set[bytes]) -> None:
        """Check that the tile above a complete tile has its root, as either of the two trees has it."""
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
        """A tile's hashes, or None if it cannot be read. Caches the last tile of each level, so each is read once."""
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
        """Match the checkpoints of the trees' current size."""
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
        self.agreed.add(path)
        other.adopt(tree)
        self._decide(signed.size, is_chain_right=tree is self._by_chain)
        # An earlier checkpoint that did not match, before one that does, was signed over another tree.
        detail = f"the log signed another tree of this size than the one that checkpoint {signed.size} continues"
        for finding in self._unmatched:
            self._findings.add(replace(finding, code=Code.CHECKPOINT_FORKED, detail=detail, index=None, until=None))
        self._unmatched.clear()
        self._good = signed.size
        return True

    def _differs(self, path: str, signed: checkpoint.Checkpoint) -> Finding:
        is_explained = bool(self._disputes) or any(
            finding.index is not None and self._good <= finding.index < signed.size for finding in self._findings.items
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
        """Judge the disputed claims: by the checkpoint of `size`, which one tree matches, or without a checkpoint."""
        for dispute in self._disputes:
            truth = dispute.chain_first if is_chain_right else dispute.tile_first
            finding = dispute.judge(None if size is None else truth, size)
            if finding is not None:
                self._findings.add(finding)
            if dispute.flaw is not None and (finding is None or finding.code is not Code.ENTRY_ALTERED):
                self._findings.add(Finding(dispute.flaw.code, dispute.flaw.detail, index=dispute.index))
        self._disputes.clear()
