"""The operator's commands of the calendar and of background jobs, against a served exchange."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from admin import database
from admin.data_directory import DataDirectory
from exchange.kernel.database import arguments
from tests.support.processes.commands import CommandResult, run_in_process
from tests.support.work.calendar_years import HOLIDAYS, WORKDAYS

Run = Callable[..., CommandResult]


@pytest.fixture
def run(served: tuple[DataDirectory, str]) -> Run:
    """Run a command with the data directory of the served exchange."""
    directory, _ = served
    return lambda *words, answer="": run_in_process(*words, "--data", directory.path, answer=answer)


def notice_file(directory: Path) -> Path:
    """The days of 2027 as a person enters them, in TOML."""
    lines = ['notice = "（虚构）关于2027年部分节假日安排的通知"', f"workdays = [{', '.join(WORKDAYS)}]"]
    for holiday in HOLIDAYS:
        lines += ["", "[[holidays]]", f'name = "{holiday["name"]}"']
        lines += [f"first = {holiday['first']}", f"last = {holiday['last']}"]
    path = directory / "2027.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_year_is_entered_by_one_administrator_and_confirmed_by_another(run: Run, tmp_path: Path) -> None:
    notice, other = tmp_path / "notice.pdf", tmp_path / "other.pdf"
    notice.write_bytes(b"notice")
    other.write_bytes(b"another")
    assert "working days are left" in run("calendar", "show").out
    assert "no calendar of 2027 waits" in run("calendar", "confirm", "2027", "--notice", notice).err
    broken = tmp_path / "broken.toml"
    broken.write_text("notice = ", encoding="utf-8")
    assert "broken.toml cannot be read" in run("calendar", "load", "2027", broken, "--notice", notice).err

    loaded = run("calendar", "load", "2027", notice_file(tmp_path), "--notice", notice)
    assert (loaded.status, "calendar confirm" in loaded.out) == (0, True), loaded.err
    assert "2027-02-20" in loaded.out
    assert "waits for the security administrator" in run("calendar", "show").out
    unlike = run("calendar", "confirm", "2027", "--notice", other, "--yes")
    assert (unlike.status, "another file" in unlike.err) == (1, True)
    unsure = run("calendar", "confirm", "2027", "--notice", notice, answer="n\n")
    assert (unsure.status, "nothing was loaded" in unsure.err) == (1, True)
    confirmed = run("calendar", "confirm", "2027", "--notice", notice, "--yes")
    assert (confirmed.status, "2027 is loaded." in confirmed.out) == (0, True), confirmed.err
    assert "2027-10-09  worked" in run("calendar", "show", "2027").out


def test_a_statutory_period_is_shown_and_set(run: Run) -> None:
    assert "reply_conditional" in run("calendar", "parameters").out
    changed = run("calendar", "set", "reply_conditional", "9", "--source", "试点办法 第三条", "--from", "2027-01-01")
    assert (changed.status, "2027-01-01" in changed.out) == (0, True), changed.err
    assert run("calendar", "set", "absent", "9", "--source", "x", "--from", "2027-01-01").status == 1


async def hold_jobs(url: str) -> list[int]:
    """Put two jobs that failed into the queue: their numbers."""
    statement = (
        "INSERT INTO jobs.pgqueuer (priority, status, entrypoint, payload) "
        "VALUES (0, 'failed', 'absent', convert_to('{\"number\": 4}', 'UTF8')) RETURNING id"
    )
    connection = await asyncpg.connect(**arguments(url))
    try:
        return [await connection.fetchval(statement) for _ in range(2)]
    finally:
        await connection.close()


def test_jobs_that_failed_are_listed_retried_and_discarded(served: tuple[DataDirectory, str], run: Run) -> None:
    assert run("jobs", "list").out.strip() == "No job is held."
    directory, _ = served
    with database.running(directory.settings()) as url:
        retried, discarded = asyncio.run(hold_jobs(url))
    listed = run("jobs", "list").out
    assert f"{retried}  failed  absent  number=4" in listed
    assert run("jobs", "retry", str(retried)).out.strip() == "The job is in the queue again."
    assert f"{retried}  waiting" in run("jobs", "list", "--all").out
    given_up = run("jobs", "discard", str(discarded), "--reason", "单位已注销")
    assert (given_up.status, "with its salt" in given_up.out) == (0, True), given_up.err
    assert run("jobs", "list").out.strip() == "No job is held."
    assert "No job of this number is held" in run("jobs", "retry", str(discarded)).err
