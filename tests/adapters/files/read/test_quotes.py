"""Quotes in delimited text: the fast reader takes no file that the careful one refuses, and loses no character."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.files.read.quotes import BLOCK, Quotes, check_quotes, find_block_size
from tests.support.imported_files import imported, refused

ROWS = "id,item,state\n" + "".join(f"{n},n{n},ok\n" for n in range(220))


@pytest.mark.parametrize(
    "pair",
    [
        '220,"12" pipe,ok\n221,x,ok\n',
        '220,"say \\"hi\\" now",ok\n',
        '220,"a"b,"c"\n',
        '220, "a" ,"b" x\n',
        '220,"a\n221,b" c,ok\n',
    ],
)
def test_broken_quotes_far_down_are_refused_with_their_line(tmp_path: Path, pair: str) -> None:
    error = refused(tmp_path, ROWS + pair + "999,end,ok\n")
    assert (error.code, error.where) == ("row-malformed", "line 222")


@pytest.mark.parametrize("cell", ['"a ""b"""', '"""a"""', '"x,\ny"', '""', 'plain "inner" quotes', ' "after a space"'])
def test_quotes_that_are_right_keep_their_value_far_down(tmp_path: Path, cell: str) -> None:
    table = imported(tmp_path, f"{ROWS}220,{cell},ok\n")
    (expected,) = csv.reader(io.StringIO(cell), skipinitialspace=True)
    assert table.column("item")[-1] == (expected[0].strip() or None)


@settings(max_examples=300)
@given(
    st.lists(st.lists(st.text(alphabet='a",\r\n', max_size=4), min_size=2, max_size=2), min_size=1, max_size=5),
    st.integers(0, 40),
    st.sampled_from(["", '"', 'x"']),
)
def test_the_check_accepts_what_a_strict_writer_writes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], place: int, extra: str
) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_MINIMAL).writerows(rows)
    path = tmp_path_factory.mktemp("quotes") / "file"
    text = buffer.getvalue()
    path.write_bytes(text.encode())
    assert check_quotes(path, ",").are_regular
    bent = text[:place] + extra + text[place:]
    path.write_bytes(bent.encode())
    if check_quotes(path, ",").are_regular:  # then the strict reader reads it, and writes the same again
        parsed = list(csv.reader(io.StringIO(bent, newline=""), strict=True))
        assert sum(cell.count('"') for row in parsed for cell in row) * 2 <= bent.count('"')


def quotes_by_pattern(content: bytes) -> Quotes:
    """The check in two patterns: each quoted part becomes one quote, which has only separators or quotes beside it."""
    bare = re.sub(b'"[^"]*"', b'"', content)
    is_stray = re.search(b'[^,\r\n"]"|"[^,\r\n"]', bare) or content.count(b'"') % 2
    return Quotes(not is_stray, not is_stray and bare.count(b"\r") != content.count(b"\r"))


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from([b'"a"', b'"a""b"', b",", b"\r\n", b"x", b'"\r\n"', b'""', b',"a\r",', b"\n", b'"'])),
    st.integers(1, 50),
)
def test_the_check_finds_what_patterns_find_in_pieces_of_any_size(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], chunk_size: int
) -> None:
    path = tmp_path_factory.mktemp("quotes") / "file"
    content = b"".join(parts)
    path.write_bytes(content)
    expected = quotes_by_pattern(content)
    quotes = check_quotes(path, ",", chunk_size)
    assert quotes.are_regular == expected.are_regular
    if expected.are_regular:
        assert quotes.hold_returns == expected.hold_returns


@pytest.mark.endurance
def test_the_check_reads_a_file_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for cell, is_regular in (('"x"', True), ('"x" y', False), ('"x""y"', True)):
        for shift in range(-4, 4):
            path.write_bytes(b"a" * (2**22 + shift) + b",1\n" + cell.encode() + b",2\n")
            assert check_quotes(path, ",").are_regular == is_regular


def test_a_line_break_in_a_cell_keeps_both_characters_where_a_block_ends(tmp_path: Path) -> None:
    out = bytearray(b"id,s,p\r\n")
    line = b"1,plain text,x\r\n"
    out += line * ((BLOCK - 201 - len(out)) // len(line))
    out += b'2,"' + b"z" * (BLOCK - 4 - len(out)) + b'\r\nB",x\r\n' + line * 2000
    assert out[BLOCK - 1 : BLOCK + 1] == b"\r\n"
    values = [value for value in imported(tmp_path, bytes(out)).column("s") if value != "plain text"]
    assert [value[-4:] for value in values] == ["z\r\nB"]
    (tmp_path / "breaks").write_bytes(b"x" + b"\r\n" * (BLOCK // 2 + 10))
    assert find_block_size(tmp_path / "breaks") not in (None, BLOCK)
