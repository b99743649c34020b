"""The auditor takes the ledger home and verifies it; a copy with one changed digit is caught."""

import hashlib
import json
import shutil
from collections import Counter
from pathlib import Path

from admin.demo import register
from admin.demo.cast import HUMAN_RESOURCES
from admin.demo.people import Talent
from admin.demo.stage import Stage, demand
from ledger.bundle.files import CHECKPOINT, Bundle
from ledger.format import entry, tiles
from ledger.format.receipt import Receipt
from ledger.verification import mirror, verify
from ledger.verification.report import Report

_DIGEST = 32


def audit(stage: Stage, people: list[Talent]) -> Report:
    """Export, verify offline, and look for people in it."""
    narrator = stage.narrator
    narrator.chapter("The auditor takes the ledger home", "审计方离线核验")
    directory = stage.part("ledger")
    verifier = stage.trust.verifier()
    done = mirror.export(stage.url, directory, verifier=verifier)
    known = [Receipt.parse(receipt).checkpoint for receipt in stage.checkpoints]
    report = verify.verify(directory, verifier=verifier, known=known)
    demand(report.is_ok, f"the exported ledger does not verify: {report.text()}")
    narrator.say(
        f"The whole ledger is public: {done.fetched} files are fetched into {directory}, then verified without the exchange, "
        "with the key the operator publishes and the checkpoints in the platform's receipts."
    )
    narrator.facts(
        {
            "verdict": report.text().splitlines()[0],
            "origin": report.origin,
            "root": report.root,
            "checkpoints": f"{report.checkpoints_matched} of {report.checkpoints} match",
        }
    )
    leaves = _leaves(directory, done.checkpoint.size)
    _show_kinds(stage, leaves)
    _show_entry(stage, leaves)
    _look_for(stage, leaves, people)
    return report


def _show_kinds(stage: Stage, leaves: list[bytes]) -> None:
    kinds = Counter(str(entry.parse(leaf).body["type"]) for leaf in leaves)
    stage.narrator.say("What is on it: " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()) + ".")


def _show_entry(stage: Stage, leaves: list[bytes]) -> None:
    """One delivery as the ledger has it, held against what the platform holds."""
    delivery = stage.deliveries[HUMAN_RESOURCES.handle]
    body = entry.parse(leaves[delivery.entry or 0]).body
    content = delivery.content if isinstance(delivery.content, bytes) else delivery.content.read_bytes()
    demand(hashlib.sha256(content).hexdigest() == body["result"]["content"], "the ledger has another digest")
    stage.narrator.say(f"Entry {delivery.entry}, the platform's first delivery, says without a word of the data:")
    stage.narrator.facts(
        {
            "who": f"organisation {body['actor']['organisation']}, key {body['actor']['key'][:16]}…",
            "for what": f"{body['purpose']}, under agreement {body['agreement']}",
            "decided": f"{body['decision']['outcome']} by policy {body['decision']['policy'][:16]}…",
            "what left": f"{body['result']['rows']} rows, {body['result']['bytes']:,} bytes, "
            f"sha256 {body['result']['content'][:_DIGEST]}…",
        }
    )
    stage.narrator.check(f"the platform's file of {len(content):,} bytes has exactly this digest")


def _look_for(stage: Stage, leaves: list[bytes], people: list[Talent]) -> None:
    """Search the whole ledger for every person in the data."""
    if not people:
        return
    text = b"\n".join(leaves).decode()
    sought = {value for one in people for value in (one.name, one.identity, one.number, one.mail, one.address)}
    hits = sum(value in text for value in sought)
    demand(hits == 0, "a value of a person is on the ledger")
    stage.narrator.check(
        f"searched for {len(sought):,} names, numbers, addresses of the people in the data: none is on it"
    )


def tamper(stage: Stage) -> None:
    """One digit of one entry is changed in a copy."""
    narrator = stage.narrator
    narrator.chapter("A copy with one changed digit is caught", "篡改即被发现")
    directory = stage.part("tampered")
    shutil.copytree(stage.part("ledger"), directory)
    index = stage.deliveries[HUMAN_RESOURCES.handle].entry or 0
    size = int((directory / CHECKPOINT).read_text(encoding="utf-8").split("\n")[1])
    was, now, path = _change_a_digit(directory, index, size)
    report = verify.verify(directory, verifier=stage.trust.verifier())
    demand(report.first_bad_index == index, f"the first bad entry is {index}, reported was {report.first_bad_index}")
    finding = next(one for one in report.findings if one.index == index)
    narrator.say(
        f"In a copy, somebody makes entry {index} say {now} instead of {was}, in {path.relative_to(stage.directory)}."
    )
    narrator.facts(
        {
            "verdict": report.text().splitlines()[0],
            "finding": f"{finding.code}: {finding.detail}",
            "expected": finding.expected or "",
            "found": finding.found or "",
        }
    )

    attempts = register.attempts_on(stage.embedded)
    demand(len(attempts) == 2, "the database let somebody change its ledger")  # noqa: PLR2004 - who tried
    narrator.say("In the exchange's own database the same is refused to the exchange, and to the owner of its tables:")
    narrator.table(("as", "statement", "PostgreSQL answers"), attempts)


def _change_a_digit(directory: Path, index: int, size: int) -> tuple[str, str, Path]:
    """Change the number of rows in an entry's bytes; gives what it said, what it says, and the file."""
    block = index // tiles.WIDTH
    path = directory / tiles.entries_path(block, tiles.width(tiles.ENTRIES, block, size))
    data = path.read_bytes()
    leaf = tiles.unpack(data)[index % tiles.WIDTH]
    rows = json.loads(leaf)["body"]["result"]["rows"]
    was = f'"rows":{rows}'
    digit = was[-1]
    now = was[:-1] + ("8" if digit == "9" else chr(ord(digit) + 1))
    position = data.index(leaf) + leaf.index(was.encode())
    path.write_bytes(data[:position] + now.encode() + data[position + len(was) :])
    return was, now, path


def _leaves(directory: Path, size: int) -> list[bytes]:
    found: list[bytes] = []
    source = Bundle(directory)
    for block in range(-(-size // tiles.WIDTH)):
        leaves, reason = source.entries(block, tiles.width(tiles.ENTRIES, block, size))
        demand(reason is None, f"entries cannot be read: {reason}")
        found += leaves
    return found
