"""A ledger that is watched: what ends the watch, and what does not."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger.cli import app
from ledger.verification.mirror import export
from ledger.verification.watching import Round, watch
from tests.support.ledgers.log_server import serve_log
from tests.support.ledgers.logs import Log


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again as often as always, without the pauses."""
    monkeypatch.setattr("ledger.bundle.http.PAUSE", 0.0)


def test_each_round_counts_what_is_new(new_log: Callable[..., Log], tmp_path: Path) -> None:
    log = new_log(100, 300)

    def grow(_seconds: float) -> None:
        log.append(7)
        log.sign()

    with serve_log(log) as server:
        rounds = watch(partial(export, server.url, tmp_path), directory=tmp_path, every=60, patience=0, wait=grow)
        assert [next(rounds) for _ in range(3)] == [Round(0, 300), Round(300, 307), Round(307, 314)]


def test_a_log_that_does_not_continue_ends_the_watch(new_log: Callable[..., Log], tmp_path: Path) -> None:
    with serve_log(new_log(100, 300)) as server:
        export(server.url, tmp_path)
    with serve_log(new_log(100)) as server:
        rounds = list(watch(partial(export, server.url, tmp_path), directory=tmp_path, every=60, patience=0))
    assert len(rounds) == 1
    assert rounds[0].is_last
    assert rounds[0].size == 300


def test_an_exchange_that_is_away_is_an_alarm_after_the_patience(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9"  # nothing listens on the discard port
    now = 0.0

    def wait(seconds: float) -> None:
        nonlocal now
        now += seconds + 7  # what an attempt takes counts too

    rounds = watch(
        partial(export, url, tmp_path), directory=tmp_path, every=60, patience=120, wait=wait, clock=lambda: now
    )
    completed = list(rounds)
    assert [round_.is_last for round_ in completed] == [False, False, True]
    assert str(completed[-1].fault).startswith("alarm: no answer for 134 seconds")


def test_the_command_prints_a_line_each_round_and_new_entries(new_log: Callable[..., Log], tmp_path: Path) -> None:
    with serve_log(new_log(3)) as server:
        words = ["watch", str(tmp_path), "--url", f"{server.url}/ledger", "--rounds", "2", "--every", "0"]
        result = CliRunner().invoke(app, [*words, "--type", "key.registered"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].endswith("OK: 3 entries, 3 new")
    assert lines[1].startswith('{"seq": 0,')
    assert lines[-1].endswith("OK: 3 entries, 0 new")


def test_the_command_ends_with_status_1_at_a_fault(new_log: Callable[..., Log], tmp_path: Path) -> None:
    with serve_log(new_log(300)) as server:
        export(server.url, tmp_path)
    with serve_log(new_log(100)) as server:  # the log as it was before
        result = CliRunner().invoke(app, ["watch", str(tmp_path), "--url", server.url, "--every", "0", "--rounds", "3"])
    assert result.exit_code == 1
    assert "300" in result.stderr
