"""The auditor exports the ledger and verifies it offline; verification catches a copy with one changed digit."""

import hashlib
import json
import shutil
from collections import Counter
from pathlib import Path

from admin.demo import civil_affairs
from admin.demo.environment import Environment, require
from admin.demo.participants import HUMAN_RESOURCES
from admin.demo.people import Talent
from ledger.bundle import files as bundle
from ledger.format import entry, tiles
from ledger.format.receipt import Receipt
from ledger.verification import mirror, verify
from ledger.verification.report import Report

_DIGEST = 32


def audit(environment: Environment, people: list[Talent]) -> Report:
    """Export the ledger, verify it offline, and search it for people."""
    output = environment.output
    output.step("The auditor takes the ledger home", "审计员离线核验")
    directory = environment.part("ledger")
    verifier = environment.trust.verifier()
    exported = mirror.export(environment.url, directory, verifier=verifier)
    checkpoints = [Receipt.parse(receipt).checkpoint for receipt in environment.checkpoints]
    report = verify.verify(directory, verifier=verifier, known=checkpoints)
    require(report.is_ok, f"the exported ledger does not verify: {report.text()}")
    output.text(
        f"The whole ledger is public: {exported.fetched} files are fetched into {directory}, then verified without the exchange, "
        "with the key the operator publishes and the checkpoints in the platform's receipts."
    )
    output.facts(
        {
            "verdict": report.text().splitlines()[0],
            "origin": report.origin,
            "root": report.root,
            "checkpoints": f"{report.checkpoints_matched} of {report.checkpoints} match",
        }
    )
    leaves = _leaves(directory, exported.checkpoint.size)
    _print_types(environment, leaves)
    _print_entry(environment, leaves)
    _search(environment, leaves, people)
    return report


def _print_types(environment: Environment, leaves: list[bytes]) -> None:
    kinds = Counter(str(entry.parse(leaf).body["type"]) for leaf in leaves)
    environment.output.text(
        "What is on it: " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()) + "."
    )


def _print_entry(environment: Environment, leaves: list[bytes]) -> None:
    """Print one delivery's entry, and compare it with the platform's file."""
    delivery = environment.deliveries[HUMAN_RESOURCES.handle]
    body = entry.parse(leaves[delivery.entry or 0]).body
    content = delivery.content if isinstance(delivery.content, bytes) else delivery.content.read_bytes()
    require(hashlib.sha256(content).hexdigest() == body["result"]["content"], "the ledger has another digest")
    environment.output.text(f"Entry {delivery.entry}, the platform's first delivery, says without a word of the data:")
    environment.output.facts(
        {
            "who": f"organisation {body['actor']['organisation']}, key {body['actor']['key'][:16]}…",
            "for what": f"{body['purpose']}, under agreement {body['agreement']}",
            "decided": f"{body['decision']['outcome']} by policy {body['decision']['policy'][:16]}…",
            "what left": f"{body['result']['rows']} rows, {body['result']['bytes']:,} bytes, "
            f"sha256 {body['result']['content'][:_DIGEST]}…",
        }
    )
    environment.output.check(f"the platform's file of {len(content):,} bytes has exactly this digest")


def _search(environment: Environment, leaves: list[bytes], people: list[Talent]) -> None:
    """Search the whole ledger for values of every person in the data."""
    if not people:
        return
    text = b"\n".join(leaves).decode()
    values = {
        value
        for person in people
        for value in (person.name, person.identity, person.number, person.mail, person.address)
    }
    hits = sum(value in text for value in values)
    require(hits == 0, "a value of a person is on the ledger")
    environment.output.check(
        f"searched for {len(values):,} names, numbers, addresses of the people in the data: none is on it"
    )


def tamper(environment: Environment) -> None:
    """Change one digit of one entry in a copy, and verify that."""
    output = environment.output
    output.step("A copy with one changed digit is caught", "篡改即被发现")
    directory = environment.part("tampered")
    shutil.copytree(environment.part("ledger"), directory)
    index = environment.deliveries[HUMAN_RESOURCES.handle].entry or 0
    size = int((directory / bundle.CHECKPOINT).read_text(encoding="utf-8").split("\n")[1])
    was, now, path = _change_a_digit(directory, index, size)
    report = verify.verify(directory, verifier=environment.trust.verifier())
    require(report.first_bad_index == index, f"the first bad entry is {index}, reported was {report.first_bad_index}")
    finding = next(finding for finding in report.findings if finding.index == index)
    output.text(
        f"In a copy, somebody makes entry {index} say {now} instead of {was}, in {path.relative_to(environment.directory)}."
    )
    output.facts(
        {
            "verdict": report.text().splitlines()[0],
            "finding": f"{finding.code}: {finding.detail}",
            "expected": finding.expected or "",
            "found": finding.found or "",
        }
    )

    attempts = civil_affairs.try_to_change_the_ledger(environment.embedded)
    require(len(attempts) == 2, "the database let somebody change its ledger")  # noqa: PLR2004 - both attempts
    output.text("In the exchange's own database the same is refused to the exchange, and to the owner of its tables:")
    output.table(("as", "statement", "PostgreSQL answers"), attempts)


def _change_a_digit(directory: Path, index: int, size: int) -> tuple[str, str, Path]:
    """Change the number of rows in an entry's bytes; returns the text before, the text now, and the file."""
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
    entries: list[bytes] = []
    source = bundle.Bundle(directory)
    for block in range(-(-size // tiles.WIDTH)):
        leaves, reason = source.entries(block, tiles.width(tiles.ENTRIES, block, size))
        require(reason is None, f"entries cannot be read: {reason}")
        entries += leaves
    return entries
