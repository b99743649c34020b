"""The examples of docs/ledger-format.md are what the code writes, and its commands work as described."""

import re
import subprocess
from pathlib import Path

import pytest

from ledger.format import canonical, checkpoint, entry, merkle, note, tiles
from ledger.format.receipt import Receipt, verify_receipt
from ledger.verification.report import Code

PAGE = (Path(__file__).parents[2] / "docs" / "ledger-format.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```\w+ ([\w-]+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
SIGNER = note.Signer("exchange.example/ledger/1", bytes(range(32)))
LEAVES = [BLOCKS[f"entry-{seq}"].removesuffix("\n").encode() for seq in range(2)]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]


@pytest.fixture
def directory(tmp_path):
    for seq, leaf in enumerate(LEAVES):
        (tmp_path / f"entry-{seq}").write_bytes(leaf)
    for path, data in {"tile/0/000.p/2": b"".join(HASHES), "tile/entries/000.p/2": tiles.pack(LEAVES)}.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_bytes(data)
    return tmp_path


def test_the_entries_are_what_is_written():
    assert len(BLOCKS) == 11
    prev = entry.GENESIS
    for seq, leaf in enumerate(LEAVES):
        body = canonical.dumps(entry.parse(leaf).body)
        assert entry.splice(body=body, prev=prev, seq=seq) == leaf
        prev = merkle.leaf_hash(leaf)


def test_the_checkpoint_the_key_and_the_receipt_are_what_is_written():
    signed = checkpoint.sign(checkpoint.Checkpoint(SIGNER.name, 2, merkle.root(HASHES)), SIGNER)
    assert BLOCKS["checkpoint"] == signed
    assert BLOCKS["vkey"] == f"{SIGNER.vkey}\n"
    assert BLOCKS["receipt"] == Receipt(1, (HASHES[0],), signed).text()
    assert verify_receipt(BLOCKS["receipt"], LEAVES[1], note.Verifier.parse(BLOCKS["vkey"].strip())).size == 2


@pytest.mark.parametrize("name", ["leaf-hash", "root", "walk"])
def test_the_commands_print_what_the_page_says(directory, name):
    result = subprocess.run(["sh", "-c", BLOCKS[name]], cwd=directory, capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == (BLOCKS[f"{name}-output"], "")


def test_the_walk_finds_an_altered_entry(directory):
    altered = [LEAVES[0], LEAVES[1].replace(b"refused", b"granted")]
    (directory / "tile/entries/000.p/2").write_bytes(tiles.pack(altered))
    result = subprocess.run(["sh", "-c", BLOCKS["walk"]], cwd=directory, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, "entry 1 is not the one in the tile\n")


def test_every_code_of_a_report_has_its_line():
    section = PAGE.partition("\n## Verifying\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z-]+)` \| ", section, re.MULTILINE) == sorted(Code)


def test_the_limits_are_the_ones_in_force():
    limits = {
        entry.MAX_ENTRY: f"at most {entry.MAX_ENTRY:,} bytes",
        canonical.MAX_DEPTH: "at most 64 levels of nesting",
    }
    assert all(text in PAGE for text in limits.values())
