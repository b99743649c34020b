"""`verify`: verifies a ledger from its files alone. It is behind `ledger verify` on an auditor's laptop.

This module decides what to verify with which key: the newest properly signed checkpoint, all older ones, and those that
the auditor brings. `ledger.verification.walk` then walks over the entries.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ledger.bundle.files import CHECKPOINT, CHECKPOINTS, ROTATIONS, TIMESTAMP, VKEY, Bundle, Files, Missing, Unreadable
from ledger.format import entry, note, tiles, timestamps
from ledger.format.rotation import ENTRY_TYPE, History
from ledger.format.trust_policy import TrustPolicy
from ledger.verification import cosigned
from ledger.verification.cosigned import find_policy
from ledger.verification.report import Code, Finding, Findings, Known, Report
from ledger.verification.walk import Progress, Schedule, Walk, open_checkpoint

_KNOWN = "known checkpoint"
_TRIES = 16
"""The number of the newest checkpoints to try if the newest cannot be used."""


def verify(
    ledger: Path | Files,
    *,
    verifier: note.Verifier | None = None,
    known: Sequence[str] = (),
    trust: TrustPolicy | None = None,
    minimum: int = 0,
    authority: timestamps.Authority | None = None,
    progress: Progress = lambda _done, _all: None,
) -> Report:
    """Verify the ledger in a directory, or wherever its files are.

    `verifier` is the log's key as the auditor has it. Without it the bundle's own is used, and the report can only show
    that the bundle is consistent with itself. `known` are signed checkpoints that the auditor has from elsewhere, such as
    from receipts; each must be of this log, and of a tree that the entries still have. `trust` says which witnesses the
    auditor trusts, and how many of them must have cosigned; without it, the bundle's own policy does. Bundles of entries
    wholly below `minimum` may be missing, if the auditor accepts that the log pruned them. `authority` is whose timestamps
    count; without it, timestamps are not checked. `progress` is called with the numbers of entries checked and of all.

    Raises nothing for what is in the files: the report has it.
    """
    bundle, findings = ledger if isinstance(ledger, Files) else Bundle(ledger), Findings()
    key = _find_key(bundle, verifier, findings)
    schedule = None
    if key is not None:
        trust = find_policy(bundle, key, trust, findings)
        schedule = _read_schedule(bundle, key, known, findings)
    if schedule is None and any(_is_of_key(finding) for finding in findings.items):
        findings = _only_key(findings)
    if key is None or schedule is None:
        return Report(
            origin=key.name if key else None,
            size=None,
            root=None,
            key_given=verifier is not None,
            entries=0,
            tiles=0,
            checkpoints=0,
            checkpoints_matched=0,
            findings=findings.by_index(),
            omitted=findings.omitted,
            remarks=tuple(findings.remarks),
        )
    _check_announced(bundle, key, schedule.latest.size, findings, minimum=minimum)
    if verifier is None:
        findings.remarks.append(
            f"the key came with the bundle; compare it with the one that you were given: {key.newest.vkey}"
        )
    schedule.minimum = minimum
    _compare_minimum(bundle, minimum, findings)
    _check_timestamps(bundle, authority, schedule.latest.size, findings)
    walk = Walk(bundle, key, schedule, findings)
    walk.run(progress)
    if trust is not None:
        cosigned.check(bundle, trust, schedule.sizes, findings, newest=schedule.latest.size)
    considered = tuple(
        _judge(bundle, f"{_KNOWN} {number}", signed, key, walk) for number, signed in enumerate(known, 1)
    )
    return replace(walk.report(is_key_given=verifier is not None), known=considered)


def _judge(bundle: Files, label: str, signed: str, keys: History, walk: Walk) -> Known:
    """Whether the ledger agrees with a checkpoint from elsewhere, after the walk."""
    try:
        opened = keys.open(signed)
    except ValueError:
        return Known(label, None, None, agrees=False)
    agrees, at = label in walk.agreed, None
    if agrees and opened.size:
        block, position = divmod(opened.size - 1, tiles.WIDTH)
        entries, _ = bundle.entries(block, tiles.width(tiles.ENTRIES, block, walk.size))
        with suppress(IndexError, entry.MalformedEntry):
            at = entry.parse(entries[position]).body.get("at")
    return Known(label, opened.size, opened.root.hex(), agrees=agrees, at=at if isinstance(at, str) else None)


def _is_of_key(finding: Finding) -> bool:
    return finding.code == Code.KEY_DIFFERS and finding.path == VKEY


def _only_key(findings: Findings) -> Findings:
    """The finding on a key that signed none of the checkpoints: what else is wrong follows from it."""
    differs = next(finding for finding in findings.items if _is_of_key(finding))
    detail = (
        "the key that was given (expected) signed no checkpoint of this ledger, whose own key (found) is another; get the "
        "right one from the exchange's operator or from another auditor: a client's exchange.trust.json has it, and "
        "GET /ledger/vkey"
    )
    return Findings([replace(differs, detail=detail)])


def _compare_minimum(bundle: Files, accepted: int, findings: Findings) -> None:
    """Remark a minimum index of the bundle above the accepted one: the bundle's word alone must not hide entries."""
    try:
        stated = bundle.minimum_index()
    except Unreadable as error:
        findings.add(Finding(Code.FILE_UNUSABLE, error.reason, path=error.path))
        return
    if stated > accepted:
        findings.remarks.append(
            f"the bundle states that entries below {stated} are pruned; if the log's retention policy allows that, accept "
            f"it with --minimum-index {stated}"
        )


def _find_key(bundle: Files, verifier: note.Verifier | None, findings: Findings) -> History | None:
    """The log's keys: the bundle's own if the given one is among them, otherwise the given one alone."""
    try:
        own = bundle.history()
    except Unreadable as error:
        if verifier is None or not isinstance(error, Missing):
            findings.add(Finding(Code.FILE_UNUSABLE, error.reason, path=error.path))
        return None if verifier is None else History.of(verifier)
    if verifier is None or own.has(verifier):
        return own
    findings.add(
        Finding(
            Code.KEY_DIFFERS,
            "the bundle's key is not the one that was given",
            path=VKEY,
            expected=verifier.vkey,
            found=own.newest.vkey,
        )
    )
    return History.of(verifier)


def _check_announced(bundle: Files, keys: History, latest: int, findings: Findings, *, minimum: int) -> None:
    """Check that the last entry before each new key's first tree announces that key."""
    for size, key in keys.keys[1:]:
        if size > latest:
            continue
        block, position = divmod(size - 1, tiles.WIDTH)
        entries, _ = bundle.entries(block, tiles.width(tiles.ENTRIES, block, latest))
        if not entries and (block + 1) * tiles.WIDTH <= minimum:
            findings.remarks.append(f"entry {size - 1}, which announces a key of the log, is pruned")
            continue
        try:
            body = entry.parse(entries[position]).body
        except (IndexError, entry.MalformedEntry):
            body = {}
        if body.get("type") != ENTRY_TYPE or body.get("new") != key.vkey:
            detail = f"entry {size - 1} does not announce the key that signs from size {size} on"
            findings.add(Finding(Code.KEY_DIFFERS, detail, index=size - 1, path=ROTATIONS, expected=key.vkey))


def _read_schedule(bundle: Files, key: History, known: Sequence[str], findings: Findings) -> Schedule | None:
    unusable = None
    try:
        sizes = bundle.checkpoint_sizes()  # first, since a live log signs on, and the list must not be ahead
    except Unreadable as error:
        unusable, sizes = Finding(Code.FILE_UNUSABLE, error.reason, path=error.path), []
    newest = open_checkpoint(bundle, CHECKPOINT, key, findings)
    if unusable is not None:
        findings.add(unusable)
    later = [size for size in sizes if newest is None or size > newest.size]
    latest = newest
    for size in later[: -_TRIES - 1 : -1]:
        opened = open_checkpoint(bundle, f"{CHECKPOINTS}/{size}", key, findings, size)
        if opened is not None:
            latest = opened
            break
    if latest is None:
        return None
    if newest is not None and latest is not newest:
        findings.add(
            Finding(
                Code.CHECKPOINT_REPLAYED,
                f"the newest checkpoint has size {newest.size}, though the log has signed a later one",
                path=CHECKPOINT,
                expected=str(latest.size),
                found=str(newest.size),
            )
        )
    schedule = Schedule(latest, [size for size in sizes if size <= latest.size])
    if newest is not None:
        schedule.add(CHECKPOINT, newest)
    for number, signed in enumerate(known, 1):
        _add_known(f"{_KNOWN} {number}", signed, key, schedule, findings)
    return schedule


def _add_known(label: str, signed: str, key: History, schedule: Schedule, findings: Findings) -> None:
    try:
        opened = key.open(signed)
    except ValueError as error:
        findings.add(Finding(Code.CHECKPOINT_INVALID, str(error), path=label))
        return
    if opened.size <= schedule.latest.size:
        schedule.add(label, opened)
        return
    findings.add(
        Finding(
            Code.LOG_TRUNCATED,
            f"the log has signed {opened.size} entries, but the bundle's newest checkpoint has {schedule.latest.size}",
            index=schedule.latest.size,
            path=label,
            expected=str(opened.size),
            found=str(schedule.latest.size),
        )
    )


def _check_timestamps(bundle: Files, authority: timestamps.Authority | None, latest: int, findings: Findings) -> None:
    """Check each timestamp over the bytes of its checkpoint. The walk checks the checkpoint itself."""
    try:
        sizes = [size for size in bundle.checkpoint_sizes(are_timestamps=True) if size <= latest]
    except Unreadable:
        return  # _read_schedule has reported it
    if authority is None:
        if sizes:
            why = "give the authority's certificate" if timestamps.is_available() else "rfc3161-client is not installed"
            findings.remarks.append(f"{len(sizes)} timestamps were not checked: {why}")
        return
    newest = ""
    valid = 0
    for size in sizes:
        path = f"{CHECKPOINTS}/{size}{TIMESTAMP}"
        try:
            token = bundle.read(path, limit=timestamps.MAX_TOKEN)
            at = authority.check(token, bundle.read(f"{CHECKPOINTS}/{size}"))
        except (Unreadable, timestamps.TimestampInvalid) as error:
            findings.add(Finding(Code.TIMESTAMP_INVALID, str(error), path=path))
            continue
        valid += 1
        newest = f"; {size} entries existed by {at.isoformat()}"
    findings.remarks.append(f"{valid} of {len(sizes)} timestamps are by the given authority{newest}")
