"""JSON files: numbers keep their digits, keys their columns, and what is nested too deeply is refused with its line."""

import json
from pathlib import Path

import pytest

from tests.support.imported_files import imported, refused


def test_numbers_keep_all_their_digits(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        '{"id": 123456789012345678901, "x": 0.12345678901234567891, "n": 1.5}\n'
        '{"id": 123456789012345678902, "x": 0.12345678901234567892, "n": 2}\n',
    )
    assert result.column("id") == ["123456789012345678901", "123456789012345678902"]
    assert [str(value) for value in result.column("x")] == ["0.12345678901234567891", "0.12345678901234567892"]
    assert result.column("n") == [1.5, 2.0]


def test_numbers_inside_keep_all_their_digits(tmp_path: Path) -> None:
    text = '{"a": {"big": 123456789012345678901, "long": 0.12345678901234567891, "plain": [1.5, 12345678901234567]}}\n'
    [nested] = imported(tmp_path, text).column("a")
    assert nested == '{"big":123456789012345678901,"long":0.12345678901234567891,"plain":[1.5,12345678901234567]}'
    array = f"[{text}]"
    assert imported(tmp_path, array).column("a") == [nested]


@pytest.mark.parametrize("levels", [300, 900, 2_000, 100_000])
def test_what_is_nested_too_deeply_is_refused_with_its_line(tmp_path: Path, levels: int) -> None:
    deep = '{"a": 1}\n{"a": ' + "[" * levels + "]" * levels + "}\n"
    error = refused(tmp_path, deep)
    assert (error.code, error.where) == ("row-malformed", "line 2")
    long = refused(tmp_path, deep.replace("]", "1234567890123456789012]", 1))
    assert (long.code, long.where) == ("row-malformed", "line 2")


def test_keys_alike_up_to_the_longest_name_are_two_columns(tmp_path: Path) -> None:
    keys = ["k" * 130 + "a", "k" * 130 + "b"]
    result = imported(tmp_path, json.dumps(dict.fromkeys(keys, 1)) + "\n")
    assert len(set(result.names)) == 2
    assert max(map(len, result.names)) <= 120
    assert "column-renamed" in result.notes
