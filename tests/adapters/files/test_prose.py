"""A text that no delimiter splits: a column with a note, or refused as SQL, a configuration, a program or prose."""

from pathlib import Path

import pytest

from tests.support.imported_files import imported, refused


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE people (\n  id int\n);\nINSERT INTO people VALUES (1);\n",
        "-- a dump\nBEGIN;\nINSERT INTO people VALUES (1);\nCOMMIT;\n",
        "SET NAMES utf8;\nDROP TABLE people;\nCREATE TABLE people (id int);\n",
        "name: exchange\nport: 8000\nusers:\n  - ann\n  - bo\nhosts: none\n",
        "---\na: 1\nb: 2\n",
        "[section]\nkey = 1\nother = 2\n",
        "#!/bin/sh\necho hello\n",
        "# Title\n\nSome text follows here.\n",
        "import os\nprint(os.name)\n",
        "It was the best of times and the worst\nand the age of wisdom was an age of folly\nand the epoch of belief as well\n",
        "今天天气很好。\n明天下雨。\n",
        "Dear all. Please find the table below.\nRegards\n",
    ],
)
def test_text_that_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    error = refused(tmp_path, text)
    assert error.code in ("kind-unsupported", "header-missing")
    assert "delimiter" in error.detail


@pytest.mark.parametrize(
    "text", ["name\nAnn\nBo\n", "评论\n今天天气很好。\n明天下雨。\n", "date\n2024-01-01\n2024-01-02\n"]
)
def test_a_column_is_a_table_with_a_note(tmp_path: Path, text: str) -> None:
    table = imported(tmp_path, text)
    assert len(table.rows) == 2
    assert "one-column" in table.notes


def test_an_owner_who_states_the_delimiter_takes_any_text_for_a_column(tmp_path: Path) -> None:
    table = imported(tmp_path, "今天天气很好。\n明天下雨。\n", delimiter=",")
    assert (table.names, table.notes) == (["今天天气很好。"], {})
