"""A backup is of one moment of the ledger, has no anchor, and is rehearsed: restored elsewhere, it goes on or halts rightly."""

import json
import shutil
from pathlib import Path

import pytest

from admin.backup import files
from admin.backup.manifest import Manifest
from admin.data_directory import DataDirectory
from admin.terminal import CannotDo
from tests.support.exchanges.exchange import code
from tests.support.processes.commands import CommandResult, run, run_ledger, serving, wait_until

_NAMES = ("--name-zh", "某局", "--name-en", "Some Bureau")


def join(data: Path, handle: str) -> CommandResult:
    return run("join", handle, "--data", data, "--code", code(), *_NAMES)


@pytest.fixture(scope="module")
def home(worker_directory: Path) -> Path:
    """An exchange with a published file, so that it has a snapshot and secrets of its own, and with a checkpoint."""
    data = worker_directory / "backed-up"
    assert run("init", "--data", data, "--code", code()).status == 0
    assert join(data, "science").status == 0
    file = worker_directory / "labs.csv"
    file.write_text("lab,city\nA,杭州\nB,宁波\n")
    published = run("publish", file, "--data", data, "--owner", "science", "--title", "Labs", "--yes")
    assert published.status == 0, published.err
    with serving(data):
        wait_until(lambda: "covers every entry" in run("health", "--data", data).out, what="a checkpoint")
    return data


@pytest.mark.endurance
def test_a_restore_that_lacks_signed_entries_goes_on_as_a_new_incarnation_only(
    home: Path, worker_directory: Path
) -> None:
    backup, keys, late = (worker_directory / name for name in ("early", "keys-of-early", "late"))
    assert run("backup", backup, "--keys", keys, "--data", home).status == 0
    with serving(home):
        assert join(home, "health").status == 0
        wait_until(lambda: "covers every entry" in run("health", "--data", home).out, what="a checkpoint")
    assert run("restore", backup, "--keys", keys, "--data", late).status == 0
    shutil.copytree(
        home / "anchor", worker_directory / "medium"
    )  # as the surviving anchor, of an exchange that is gone
    with (late / "exchange.toml").open("a") as settings:
        settings.write(f'ledger_anchor = "{worker_directory / "medium"}"\n')
    begun = run("ledger", "new-incarnation", "--data", late, answer="y\n")
    assert (begun.status, "were signed" in begun.out) == (0, True), begun.err
    assert "exchange.local/ledger/2" in begun.out
    checked = run_ledger("verify", late / "archive" / "1")
    assert checked.status == 0, checked.err
    healthy = run("health", "--data", late).out
    assert ("exchange.local/ledger/2" in healthy, "NOTHING IS SIGNED" in healthy) == (True, False)


@pytest.mark.endurance
def test_a_backup_taken_while_it_is_served_is_restored_and_goes_on(home: Path, worker_directory: Path) -> None:
    backup, keys, new = (worker_directory / name for name in ("backup", "keys", "restored"))
    with serving(home):
        result = run("backup", backup, "--keys", keys, "--data", home)
    assert (result.status, result.err) == (0, "")
    names = {str(path.relative_to(backup)) for path in backup.rglob("*") if path.is_file()}
    assert not [name for name in names if "anchor" in name or "keys" in name or "postgres" in name]
    assert [name for name in names if name.startswith("data/snapshots/")]
    assert {"manifest.json", "database.dump", "data/exchange.toml"} <= names

    restored = run("restore", backup, "--keys", keys, "--data", new)
    assert restored.status == 0, restored.err
    assert "The ledger is halted: the anchor" in restored.out  # a new directory has none
    with (new / "exchange.toml").open("a") as settings:
        settings.write(f'ledger_anchor = "{home / "anchor"}"\n')
    with serving(new):
        healthy = run("health", "--data", new)
        assert healthy.status == 0, healthy.out
        assert join(new, "culture").status == 0
        # The copy is the exchange now: it signed, so the old directory halts instead of going on beside it.
    old = run("health", "--data", home)
    assert old.status == 1
    assert "NOTHING IS SIGNED OR TAKEN IN" in old.out


@pytest.mark.endurance
def test_a_backup_that_was_changed_or_broken_off_is_not_restored(home: Path, worker_directory: Path) -> None:
    backup, keys = worker_directory / "changed", worker_directory / "keys-of-changed"
    assert run("backup", backup, "--keys", keys, "--data", home).status == 0
    result = run("backup", backup, "--data", home)
    assert (result.status, "has something in it" in result.err) == (1, True)
    dump = backup / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-1] + b"x")
    refused = run("restore", backup, "--keys", keys, "--data", worker_directory / "never")
    assert (refused.status, f"{dump} is missing or was changed" in refused.err) == (1, True)
    (backup / "manifest.json").unlink()
    refused = run("restore", backup, "--keys", keys, "--data", worker_directory / "never")
    assert (refused.status, "is not a complete backup" in refused.err) == (1, True)
    over = run("restore", backup, "--keys", keys, "--data", home)
    assert over.status == 1


def test_a_mirror_of_keys_forgets_what_is_gone(tmp_path: Path) -> None:
    keys, mirror = tmp_path / "keys", tmp_path / "mirror"
    (keys / "subjects").mkdir(parents=True)
    for name in ("seal.key", "ledger.pem", "subjects/00000000.slots"):
        (keys / name).write_text(name)
        (keys / name).chmod(0o600)
    assert files.mirror_keys(keys, mirror) == 3
    (keys / "subjects" / "00000000.slots").write_text("destroyed")
    (keys / "ledger.pem").unlink()
    assert files.mirror_keys(keys, mirror) == 2
    assert (mirror / "subjects" / "00000000.slots").read_text() == "destroyed"
    assert not (mirror / "ledger.pem").exists()
    assert (mirror / "seal.key").stat().st_mode & 0o777 == 0o600


def test_a_backup_has_policy_files_and_names_what_it_leaves_out(tmp_path: Path) -> None:
    for name in ("secrets", "keys", "postgres", "snapshots"):
        (tmp_path / name).mkdir()
    for name in ("witnesses.policy", "exchange.toml", "served.json", "server.log", "ca.pem", "secrets/opa_token"):
        (tmp_path / name).touch()
    assert files.left_out(tmp_path) == ["ca.pem", "secrets/"]
    assert [str(name) for name in files.files_of(tmp_path)] == ["exchange.toml", "witnesses.policy"]


def test_a_mirror_of_keys_replaces_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "seal.key").touch()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    with pytest.raises(CannotDo, match="holds something else"):
        files.mirror_keys(tmp_path / "keys", tmp_path / "letters")
    assert (tmp_path / "letters" / "dear.txt").read_text() == "dear"


def test_a_backup_is_not_in_the_data_directory(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"size": 1}))
    with pytest.raises(CannotDo, match="not a complete backup"):
        Manifest.read(tmp_path)
    assert DataDirectory(tmp_path).is_founded is False
