"""Commands print values that others wrote without their control characters."""

import re
from datetime import datetime

import pytest
import typer

from data_exchange_client import ExchangeProblem
from data_exchange_client.terminal.options import end_of
from data_exchange_client.terminal.output import print_facts, print_table, reporting_failures

HOSTILE = "a\x1b]0;owned\x07b\x1b[2Jc"


def test_no_control_character_of_a_value_reaches_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts({"title": HOSTILE, "fields": [HOSTILE], "masks": {HOSTILE: 1}})
    print_table({"title": "title"}, [{"title": HOSTILE}])
    document = {"type": "/problems/x", "title": "x", "detail": HOSTILE, "errors": [{"at": HOSTILE, "error": HOSTILE}]}
    with pytest.raises(typer.Exit), reporting_failures():
        raise ExchangeProblem(status=422, document=document, is_signed=True)
    printed = capsys.readouterr()
    assert "owned" in printed.out
    assert "owned" in printed.err
    assert not {"\x1b", "\x07"} & set(printed.out + printed.err)


ID = "0197c0de-0000-7000-8000-000000000001"
ROW: dict[str, object] = {
    "id": ID,
    "consumer": "demo-talent-office",
    "dataset": "demo-education/degrees",
    "purpose": "talent-service",
}
ROW |= {"fields": ["person_id", "name", "degree", "school", "graduated_on"], "until": "2027-06-30T15:59:59Z"}


@pytest.mark.parametrize("width", ["60", "80", "120"])
def test_an_id_stays_on_one_line_of_a_narrow_terminal(
    width: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_table({name: name for name in ROW}, [ROW])
    printed = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert ID in printed
    assert max(map(len, printed.splitlines())) <= int(width)


def test_a_row_in_a_pipe_is_one_line_without_blanks_at_its_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_table({name: name for name in ROW}, [ROW, ROW | {"until": ""}])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line == line.rstrip() for line in lines)
    assert lines[1].endswith("person_id, name, degree, school, graduated_on  2027-06-30T15:59:59Z")


def test_the_last_day_ends_in_china_whatever_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    assert end_of(datetime.fromisoformat("2027-06-30")) == "2027-06-30T23:59:59+08:00"
    assert end_of(datetime.fromisoformat("2027-06-30T12:00:00+00:00")) == "2027-06-30T12:00:00+00:00"
