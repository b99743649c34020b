"""The import reports facts of a workbook beside its values: hidden parts, errors, lost digits, undecodable text."""

import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlwt

from adapters.files.workbook.compound import SIGNATURE, find_stream
from adapters.files.workbook.facts import column_index, column_letters, format_cells
from tests.support.imported_files import book, book_of, imported, old_book_of, refused

FORMULA, CODEPAGE = 0x0006, 0x0042


def records(content: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """The records of an old workbook that xlwt wrote, which are all in one piece: numbers and places of their headers."""
    place = content.index(struct.pack("<HHH", 0x0809, 16, 0x0600))
    while place + 4 <= len(content):
        kind, length = struct.unpack_from("<HH", content, place)
        if kind == 0:
            return
        yield kind, place
        place += 4 + length


def with_codepage(content: bytes, page: int) -> bytes:
    changed = bytearray(content)
    for kind, place in list(records(content)):
        if kind == CODEPAGE:
            struct.pack_into("<H", changed, place + 4, page)
    return bytes(changed)


@pytest.mark.parametrize("page", [1252, 1200, 936, 10000, 65001])
def test_the_text_of_an_old_workbook_is_utf16_whatever_its_code_page(tmp_path: Path, page: int) -> None:
    content = with_codepage(old_book_of(["name", "城市", "note"], ["Ada", "杭州", "ok"], ["Bob", "宁波", "late"]), page)
    table = imported(tmp_path, content)
    assert (table.names, table.rows) == (["name", "城市", "note"], [("Ada", "杭州", "ok"), ("Bob", "宁波", "late")])


def with_formulas(number: int) -> bytes:
    """An old workbook whose column 小计 has formulas with values, in records of a number."""
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("旧")
    rows: list[list[Any]] = [["项目", "数量", "小计"], ["甲", 2], ["乙", 4], ["丙", 6]]
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
        if row:
            sheet.write(row, 2, xlwt.Formula(f"B{row + 1}*3"))
    buffer = BytesIO()
    workbook.save(buffer)
    changed = bytearray(buffer.getvalue())
    for kind, place in list(records(changed)):
        if kind == FORMULA:
            (row,) = struct.unpack_from("<H", changed, place + 4)
            struct.pack_into("<H", changed, place, number)
            struct.pack_into("<d", changed, place + 10, row * 6.0)
    return bytes(changed)


@pytest.mark.parametrize("number", [0x0006, 0x0206, 0x0406])
def test_formulas_with_the_number_of_an_older_record_keep_their_values(tmp_path: Path, number: int) -> None:
    table = imported(tmp_path, with_formulas(number))
    assert table.rows == [("甲", 2, 6), ("乙", 4, 12), ("丙", 6, 18)]


SECRETS: list[list[Any]] = [
    ["单位", "内部编号", "数量"],
    ["甲", "K-1", 1],
    ["乙", "K-2", 2],
    ["丙", "K-3", 3],
    ["丁", "K-4"],
]


def old_book_with_secrets() -> bytes:
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("旧")
    for row, cells in enumerate(SECRETS):
        for column, cell in enumerate(cells):
            sheet.write(row, column, cell)
    sheet.row(4).set_cell_error(2, "#REF!")
    sheet.col(1).hidden = True
    sheet.row(3).hidden = True
    buffer = BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def book_with_secrets() -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in (*SECRETS[:4], [*SECRETS[4], "#REF!"]):
        sheet.append(row)
    sheet.column_dimensions["B"].hidden = True
    sheet.row_dimensions[4].hidden = True
    sheet.auto_filter.ref = "A1:C5"
    buffer = BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("make", [old_book_with_secrets, book_with_secrets])
def test_hidden_columns_and_rows_are_left_out_unless_included_and_always_noted(tmp_path: Path, make: Any) -> None:
    table = imported(tmp_path, make())
    assert (table.names, table.rows) == (["单位", "数量"], [("甲", 1), ("乙", 2), ("丁", None)])
    assert table.notes["hidden-cells"].where == "column B; row 4"
    assert (table.notes["missing-values"].text, table.notes["missing-values"].where) == (
        "cells with errors count as missing: #REF! (1)",
        "cell C5",
    )
    table = imported(tmp_path, make(), hidden="include")
    assert table.rows == [("甲", "K-1", 1), ("乙", "K-2", 2), ("丙", "K-3", 3), ("丁", "K-4", None)]
    assert table.notes["hidden-cells"].where == "column B; row 4"


def test_hidden_columns_do_not_move_merged_cells_or_places(tmp_path: Path) -> None:
    def write(_workbook: Any, sheet: Any) -> None:
        sheet.merge_range(0, 1, 1, 1, "姓名")
        sheet.merge_range(0, 2, 0, 4, "联系方式")
        sheet.write_row(1, 2, ["电话", "密码", "邮箱"])
        sheet.merge_range(0, 5, 1, 5, "部门")
        sheet.merge_range(2, 5, 4, 5, "研发部")
        for row in (2, 3, 4):
            sheet.write_row(row, 1, [f"人{row}", f"010-{row}", f"secret{row}", f"p{row}@example.org"])
        sheet.write_formula(3, 6, "=1/0", None, "#DIV/0!")
        sheet.write(0, 6, "比率")
        sheet.write(4, 6, 999_999_199_001_010_123)
        sheet.set_column(3, 3, None, None, {"hidden": True})
        sheet.set_row(2, None, None, {"hidden": True})

    table = imported(tmp_path, book(write))
    assert table.names == ["姓名", "联系方式 电话", "联系方式 邮箱", "部门", "比率"]
    assert table.rows == [
        ("人3", "010-3", "p3@example.org", "研发部", None),
        ("人4", "010-4", "p4@example.org", "研发部", "999999199001010200"),
    ]
    assert table.notes["hidden-cells"].where == "column D; row 3"
    assert table.notes["missing-values"].where == "cell G4"
    assert table.notes["digits-lost"].where == "cell G5"


def test_a_sheet_of_errors_is_refused_for_them(tmp_path: Path) -> None:
    content = book(lambda _workbook, sheet: sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!"))
    error = refused(tmp_path, content)
    assert (error.code, error.where) == ("file-empty", "cell B2")
    assert "#DIV/0!" in error.detail


def test_cells_right_of_the_first_rows_are_read(tmp_path: Path) -> None:
    rows: list[list[Any]] = [[n, f"n{n}", n * 2] for n in range(1, 211)]
    rows[204].append("备注：作废")
    table = imported(tmp_path, book_of(*rows), header_row=0)
    assert (len(table.names), table.column("column_4")[204]) == (4, "备注：作废")
    table = imported(tmp_path, book_of(["a", "b", "c"], *rows))
    assert table.names == ["a", "b", "c", "column_4"]


def test_numbers_that_lost_digits_are_text_with_a_note(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["姓名", "证件号码", "量"],
        ["甲", 999999199001010123, 6.02e23],
        ["乙", 999999199001020123, 1.0],
    ]
    table = imported(tmp_path, book_of(*rows))
    assert table.column("证件号码") == ["999999199001010200", "999999199001020200"]
    assert table.column("量") == [6.02e23, 1.0]
    assert table.notes["digits-lost"].where == "cells B2, B3"


@pytest.mark.parametrize("number", [0x002F])
def test_an_old_workbook_with_a_password_is_said_to_be_encrypted(tmp_path: Path, number: int) -> None:
    changed = bytearray(old_book_of(["a", "b"], [1, 2]))
    place = next(place for kind, place in records(changed) if kind == CODEPAGE)
    struct.pack_into("<H", changed, place, number)
    assert refused(tmp_path, bytes(changed)).code == "file-encrypted"


def container(stream: bytes) -> bytes:
    """A compound file with one short stream, which is in the small sectors of another."""
    end, free = 0xFFFFFFFE, 0xFFFFFFFF
    header = SIGNATURE + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, 2, 1, end, 0, 0) + struct.pack("<108I", *[free] * 108)
    table = struct.pack("<128I", 0xFFFFFFFD, end, end, 4, end, *[free] * 123)
    small = [*range(1, (len(stream) + 63) // 64), end]
    minis = struct.pack("<128I", *small, *[free] * (128 - len(small)))

    def entry(name: str, kind: int, start: int, size: int) -> bytes:
        encoded = name.encode("utf-16-le") + b"\0\0"
        head = (
            encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1) + struct.pack("<III", free, free, 1)
        )
        return head.ljust(116, b"\0") + struct.pack("<IQ", start, size)

    directory = entry("Root Entry", 5, 3, 1024) + entry("Book", 2, 0, len(stream)) + bytes(256)
    return header + table + directory + minis + stream.ljust(1024, b"\0")


def test_a_stream_in_small_sectors_is_found_and_changed_in_place() -> None:
    text = bytes(range(256)) * 3
    content = bytearray(container(text))
    stream = find_stream(content, ("Workbook", "Book"))
    assert stream is not None
    assert stream.read(content) == text
    stream.write(content, text[::-1])
    assert stream.read(content) == text[::-1]
    assert find_stream(content, ("Workbook",)) is None


def test_a_damaged_container_has_no_streams() -> None:
    content = container(b"x" * 700)
    looping = bytearray(content)
    struct.pack_into("<I", looping, 512 + 4 * 1, 1)  # the directory follows itself
    assert find_stream(looping, ("Book",)) is None
    for length in range(0, len(content), 97):
        find_stream(content[:length], ("Book",))


def test_places_of_cells_read_as_a_spreadsheet_shows_them() -> None:
    for index in (0, 25, 26, 701, 702, 16_383):
        assert column_index(column_letters(index).encode()) == index
    assert column_letters(27) == "AB"
    assert format_cells([(0, 0), (9, 27)]) == "cells A1, AB10"
