"""The report of a verification, as text and as JSON: what is wrong, at which entry, and by which evidence."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """The kinds of findings; docs/ledger-format.md explains each."""

    ACCOUNT_BROKEN = "account-broken"
    ACCOUNT_MISSING = "account-missing"
    CHAIN_BROKEN = "chain-broken"
    CHECKPOINT_FORKED = "checkpoint-forked"
    CHECKPOINT_INVALID = "checkpoint-invalid"
    CHECKPOINT_MISSING = "checkpoint-missing"
    CHECKPOINT_REPLAYED = "checkpoint-replayed"
    COSIGNATURE_INVALID = "cosignature-invalid"
    ENTRY_ALTERED = "entry-altered"
    ENTRY_MALFORMED = "entry-malformed"
    ENTRY_MISSING = "entry-missing"
    FILE_UNUSABLE = "file-unusable"
    KEY_DIFFERS = "key-differs"
    LOG_TRUNCATED = "log-truncated"
    POLICY_INVALID = "policy-invalid"
    QUORUM_MISSING = "quorum-missing"
    ROOT_DIFFERS = "root-differs"
    SEQUENCE_BROKEN = "sequence-broken"
    TILE_ALTERED = "tile-altered"
    TILE_MISSING = "tile-missing"
    TIMESTAMP_INVALID = "timestamp-invalid"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    `index` is its entry, or the first of the entries before `until` among which it is. `expected` and `found` are
    hexadecimal hashes, or values that the detail names. `evidence` lists what supports `expected`.
    """

    code: Code
    detail: str
    index: int | None = None
    until: int | None = None
    path: str | None = None
    expected: str | None = None
    found: str | None = None
    evidence: tuple[str, ...] = ()

    def text(self) -> str:
        """The finding as a paragraph."""
        lines = [f"{self.code}: {self.detail}"]
        if self.path is not None:
            lines.append(f"in:       {self.path}")
        if self.expected is not None:
            lines.append(f"expected: {self.expected}")
        if self.found is not None:
            lines.append(f"found:    {self.found}")
        if self.evidence:
            lines.append(f"evidence: {', '.join(self.evidence)}")
        return "\n    ".join(lines)


@dataclass(frozen=True, slots=True)
class Known:
    """A checkpoint that the auditor has from elsewhere: whether the ledger agrees with it.

    `size` and `root` (hexadecimal) are None where the checkpoint is not of this log. `at` is the time of its last entry, if
    the ledger agrees and has that entry.
    """

    label: str
    size: int | None
    root: str | None
    agrees: bool
    at: str | None = None

    def text(self) -> str:
        """The line of a report."""
        if self.size is None:
            return f"{self.label}: not a checkpoint of this log"
        until = f", last entry of {self.at}" if self.at is not None else ""
        return f"{self.label}: size {self.size}, root {self.root}{until}: {'agrees' if self.agrees else 'DISAGREES'}"


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a verification: what was checked, and the findings, by index.

    `size` and `root` (hexadecimal) are of the newest checkpoint with a valid signature, or None without one. `key_given`
    is whether the auditor gave the key; otherwise it came with the bundle. `omitted` counts findings beyond the first
    hundred. `vouched` is the size of the largest matching checkpoint; `later` are the sizes of the matching checkpoints
    above the first bad entry. `pruned` counts pruned entries. `known` are the checkpoints that the auditor gave.
    """

    origin: str | None
    size: int | None
    root: str | None
    key_given: bool
    entries: int
    tiles: int
    checkpoints: int
    checkpoints_matched: int
    findings: tuple[Finding, ...]
    omitted: int
    remarks: tuple[str, ...]
    vouched: int = 0
    later: tuple[int, ...] = ()
    pruned: int = 0
    known: tuple[Known, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether a checkpoint was verified and nothing is wrong."""
        return not self.findings and self.size is not None

    @property
    def first_bad_index(self) -> int | None:
        """The lowest index of a finding, or None."""
        return min((finding.index for finding in self.findings if finding.index is not None), default=None)

    def to_json(self) -> dict[str, Any]:
        """The report as a JSON object; its fields are the attributes of Report and Finding."""
        plain = asdict(self)
        findings = [
            {name: value for name, value in asdict(finding).items() if value not in (None, ())}
            for finding in self.findings
        ]
        later = {
            "count": len(self.later),
            "first": min(self.later, default=None),
            "last": max(self.later, default=None),
        }
        first = self.first_bad_index
        return {"ok": self.is_ok, "first_bad_index": first, **plain, "findings": findings, "later": later}

    def text(self) -> str:
        """The report as text; its first line is the verdict."""
        lines = [self._verdict()]
        if self.size is not None:
            lines += [
                f"  log          {self.origin}",
                f"  size         {self.size}",
                f"  root         {self.root}",
                f"  entries      {self.entries} hashed; chain, order and form checked",
                f"  tiles        {self.tiles} recomputed",
                f"  checkpoints  {self.checkpoints_matched} of {self.checkpoints} match",
            ]
        if not self.is_ok:
            lines += self._what_still_holds()
        if self.pruned:
            lines.append(f"  pruned       {self.pruned} entries, of which only the hashes were checked")
        lines += [f"  {known.text()}" for known in self.known]
        lines += [f"  note: {remark}" for remark in self.remarks]
        lines += [f"  {finding.text()}" for finding in self.findings]
        if self.omitted:
            lines.append(f"  and {self.omitted} more")
        return "\n".join(lines)

    def _what_still_holds(self) -> list[str]:
        size = self.size or 0
        if not self.vouched:
            return ["  vouched for   nothing: no checkpoint matches"] if size else []
        lines = [f"  vouched for   entries 0 to {self.vouched - 1} but those named below, by checkpoint {self.vouched}"]
        if self.later:
            which = str(self.later[0]) if len(self.later) == 1 else f"{self.later[0]} to {self.later[-1]}"
            lines.append(f"  still match   {len(self.later)} checkpoints that cover the first bad entry: {which}")
        if self.vouched < size:
            lines.append(f"  by nothing    entries {self.vouched} to {size - 1}")
        return lines

    def _verdict(self) -> str:
        if self.is_ok and self.pruned:
            return f"OK: {self.entries} of {self.size} entries are what the log signed; {self.pruned} are pruned"
        if self.is_ok:
            return f"OK: all {self.size} entries are what the log signed"
        first = self.first_bad_index
        if first is None:
            return "FAILED: " + (self.findings[0].code if self.findings else "nothing to verify")
        ends = [finding.until or first + 1 for finding in self.findings if finding.index == first]
        if min(ends) == first + 1:
            return f"FAILED: the first bad entry is {first}"
        return f"FAILED: the first bad entry is one of {first} to {min(ends) - 1}"


MAX_FINDINGS = 100
"""The most findings that are kept. The rest is only counted, to bound the memory for a thoroughly broken bundle."""


@dataclass(slots=True)
class Findings:
    """The findings and remarks so far, in the order of discovery."""

    items: list[Finding] = field(default_factory=list)
    omitted: int = 0
    remarks: list[str] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Add a finding, or only count it beyond MAX_FINDINGS."""
        if len(self.items) < MAX_FINDINGS:
            self.items.append(finding)
        else:
            self.omitted += 1

    def by_index(self) -> tuple[Finding, ...]:
        """The findings by index; those without an index last."""
        return tuple(sorted(self.items, key=lambda finding: (finding.index is None, finding.index or 0)))
