"""The command `ledger`, as an auditor runs it."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner, Result

from ledger.cli import app
from ledger.format import checkpoint, merkle, note, tiles
from ledger.format.receipt import Receipt

# Packages that the server needs and an auditor's machine lacks: importing any must fail. (Typer brings pydantic.)
LAPTOP = """
import sys
for name in ("fastapi", "sqlalchemy", "asyncpg", "duckdb", "pyarrow", "pandas", "uvicorn", "casbin"):
    sys.modules[name] = None
from ledger.cli import main
main()
"""


def ledger(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def log(new_log):
    return new_log(100, 300)


@pytest.fixture
def directory(log, tmp_path):
    return log.write(tmp_path / "bundle")


def test_verify_says_ok_with_status_0(log, directory, tmp_path):
    result = ledger("verify", directory, "--vkey", log.signer.vkey)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("OK: all 300 entries")
    key = tmp_path / "key"
    key.write_text(log.signer.vkey + "\n")
    report = json.loads(ledger("verify", directory, "--vkey", key, "--json").stdout)
    assert (report["ok"], report["size"], report["key_given"]) == (True, 300, True)


def test_it_runs_where_nothing_of_the_server_is_installed(directory):
    command = [sys.executable, "-c", LAPTOP, "verify", str(directory)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("OK: all 300 entries")


def test_verify_says_what_is_wrong_with_status_1(log, directory):
    data = bytearray((directory / "tile/entries/000").read_bytes())
    data[data.index(b'"n":37')] = ord("'")
    (directory / "tile/entries/000").write_bytes(data)
    result = ledger("verify", directory)
    assert result.exit_code == 1
    assert result.stdout.startswith("FAILED: the first bad entry is 37\n")
    assert json.loads(ledger("verify", directory, "--json").stdout)["first_bad_index"] == 37


def test_verify_holds_the_log_to_a_checkpoint_from_a_receipt(log, new_log, tmp_path):
    directory = new_log(100).write(tmp_path / "shorter")
    receipt = tmp_path / "receipt.tlog-proof"
    receipt.write_text(Receipt(3, tuple(tiles.inclusion_proof(log.read, 3, 300)), log.newest).text())
    assert ledger("verify", directory).exit_code == 0
    result = ledger("verify", directory, "--known", receipt)
    assert result.exit_code == 1
    assert "log-truncated" in result.stdout


def test_verify_says_which_known_checkpoints_it_considered(log, directory, tmp_path):
    earlier, stranger = tmp_path / "earlier", tmp_path / "stranger"
    earlier.write_text(log.checkpoints[100])
    other = note.Signer(log.signer.name, bytes(32))
    stranger.write_text(checkpoint.sign(checkpoint.Checkpoint(log.signer.name, 100, bytes(32)), other))
    done = ledger("verify", directory, "--known", earlier, "--known", stranger)
    root = checkpoint.parse(note.text_of(log.checkpoints[100])).root.hex()
    assert f"  known checkpoint 1: size 100, root {root}: agrees" in done.stdout
    assert "  known checkpoint 2: not a checkpoint of this log" in done.stdout
    known = json.loads(ledger("verify", directory, "--known", earlier, "--json").stdout)["known"]
    assert [(one["size"], one["root"], one["agrees"]) for one in known] == [(100, root, True)]
    forked = tmp_path / "forked"
    forked.write_text(checkpoint.sign(checkpoint.Checkpoint(log.signer.name, 100, bytes(32)), log.signer))
    assert f"size 100, root {'0' * 64}: DISAGREES" in ledger("verify", directory, "--known", forked).stdout


def test_wrong_use_is_status_2(directory, tmp_path):
    for arguments in (
        ("verify",),
        ("verify", directory, "--vkey", "no+key"),
        ("verify", tmp_path / "nowhere"),
        ("verify", directory, "--vkey", tmp_path / "nowhere"),
        ("verify", directory, "--known", tmp_path / "nowhere"),
        ("show", directory, "1-x"),
        ("unknown",),
    ):
        result = ledger(*arguments)
        assert result.exit_code == 2, result.stdout + result.stderr
        assert isinstance(result.exception, SystemExit)


def test_show_prints_entries(log, directory):
    entry = json.loads(ledger("show", directory, "299").stdout)
    assert entry == {
        "seq": 299,
        "hash": log.hashes[299].hex(),
        "prev": log.hashes[298].hex(),
        "body": {"n": 299, "type": "delivery.completed"},
    }
    printed = ledger("show", directory, "254-257").stdout
    assert [json.loads(part)["seq"] for part in printed.replace("}\n{", "}\0{").split("\0")] == [254, 255, 256, 257]
    for kind in ("key.registered", "key.", "key.*"):
        printed = ledger("show", directory, "0-4", "--type", kind).stdout
        assert [json.loads(part)["seq"] for part in printed.replace("}\n{", "}\0{").split("\0")] == [0, 2, 4]
    result = ledger("show", directory, "--type", "key")
    assert result.stdout == ""
    assert result.stderr == "no entry here is of the type key; there are: delivery.completed, key.registered\n"
    assert ledger("show", directory, "299", "--raw").stdout_bytes == log.leaves[299]
    (directory / "checkpoint").write_text(f"x\n{2**63 - 1}\n")
    assert ledger("show", directory, "0-999").stderr == "tile/entries/001: missing\n"
    assert "missing" in ledger("show", directory, str(2**62)).stderr
    (directory / "checkpoint").write_text("x\n9" + "9" * 5000)
    assert ledger("show", directory, "0").stderr == "checkpoint: not a checkpoint\n"
    (directory / "checkpoint").write_text(log.newest)
    assert ledger("show", directory, "9" * 5000).exit_code == 2
    result = ledger("show", directory, "300")
    assert (result.exit_code, result.stderr) == (1, "the ledger has no entry 300\n")


def test_receipt_proves_an_entry_or_says_why_not(log, tmp_path):
    receipt, leaf = tmp_path / "r.tlog-proof", tmp_path / "entry"
    receipt.write_text(Receipt(37, tuple(tiles.inclusion_proof(log.read, 37, 300)), log.newest).text())
    leaf.write_bytes(log.leaves[37])
    result = ledger("receipt", receipt, "--entry", leaf, "--vkey", log.signer.vkey)
    assert (result.exit_code, result.stdout) == (0, f"OK: entry 37 is in {log.signer.name}, signed at size 300\n")
    leaf.write_bytes(log.leaves[36])
    result = ledger("receipt", receipt, "--entry", leaf, "--vkey", log.signer.vkey)
    assert (result.exit_code, result.stderr) == (1, "FAILED: the entry has number 36, the receipt has index 37\n")
    other = note.Signer(log.signer.name, bytes(32)).vkey
    assert ledger("receipt", receipt, "--entry", leaf, "--vkey", other).exit_code == 1


def test_export_without_a_server_fails_plainly(tmp_path):
    result = ledger("export", tmp_path / "bundle", "--url", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert result.stderr.startswith("http://127.0.0.1:9/ledger/vkey: ")
    assert not (tmp_path / "bundle").exists()


def test_an_entry_can_be_checked_with_sha256sum_alone(log, tmp_path):
    """The chain needs no tool of ours; docs/ledger-format.md shows the same check."""
    (tmp_path / "entry").write_bytes(log.leaves[36])
    command = ["sh", "-c", "{ printf '\\000'; cat entry; } | sha256sum"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert f'"prev":"{result.stdout.split()[0]}"'.encode() in log.leaves[37]
    assert result.stdout.split()[0] == merkle.leaf_hash(log.leaves[36]).hex()
