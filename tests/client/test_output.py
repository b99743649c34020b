"""What commands print of values that others wrote."""

import pytest
import typer

from data_exchange_client import ExchangeProblem
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
