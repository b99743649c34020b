"""Values of text files: none changes silently. What cannot be kept is noted, or the column stays text."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.imported_files import book, imported, refused


@pytest.mark.parametrize(
    "cells",
    [
        ["0.12345678901234567891", "0.5"],
        ["123456789012345.678", "2.5"],
        ["12,345,678,901,234.5678", "1,000"],
        ["1e-400", "1"],
        ["1234567890.12345678", "1"],
    ],
)
def test_numbers_with_more_digits_than_a_double_stay_text(tmp_path: Path, cells: list[str]) -> None:
    table = imported(tmp_path, "k,size\n" + "".join(f'x,"{cell}"\n' for cell in cells))
    assert (table.types["size"], table.column("size")) == ("string", cells)
    assert table.notes["kept-as-text"].where == "size"


@pytest.mark.parametrize(
    "cell", ["0.30000000000000004", "123456789012345.5", "0.1", "1.10", "1e-7", "0.000000000000000012"]
)
def test_digits_that_a_double_keeps_are_a_number(tmp_path: Path, cell: str) -> None:
    table = imported(tmp_path, f"k,size\nx,{cell}\ny,2\n")
    assert (table.types["size"], table.column("size")) == ("number", [float(cell), 2.0])


def test_a_type_that_the_owner_states_does_not_lose_digits_either(tmp_path: Path) -> None:
    error = refused(tmp_path, "k,x\na,0.12345678901234567891\nb,0.5\n", types={"x": "number"})
    assert (error.code, error.where) == ("value-unfit", "row 2")
    assert "digits" in error.detail


@pytest.mark.parametrize(
    ("name", "cells", "exact"),
    [
        ("amount", ["1.10", "2.00", "-0.05"], ["1.10", "2.00", "-0.05"]),
        ("工资(元)", ["8000", "9120.5"], ["8000.00", "9120.50"]),
        ("price", ["1,234,567,890,123,456.78", "0.10"], ["1234567890123456.78", "0.10"]),
    ],
)
def test_money_is_exact(tmp_path: Path, name: str, cells: list[str], exact: list[str]) -> None:
    table = imported(tmp_path, f"k,{name}\n" + "".join(f'x,"{cell}"\n' for cell in cells))
    assert (table.types[name], table.column(name)) == ("decimal", [Decimal(value) for value in exact])
    assert table.notes["converted"].where == name


@pytest.mark.parametrize(
    ("name", "cells", "type_"),
    [
        ("score", ["1.10", "2.00"], "number"),
        ("amount", ["1", "2"], "integer"),
        ("amount", ["1.125", "2.50"], "number"),
        ("tax_code", ["1.10", "2.20"], "string"),
    ],
)
def test_what_is_no_money_stays_what_it_was(tmp_path: Path, name: str, cells: list[str], type_: str) -> None:
    assert imported(tmp_path, f"k,{name}\n" + "".join(f"x,{cell}\n" for cell in cells)).types[name] == type_


def test_a_decimal_that_the_owner_states_keeps_every_digit(tmp_path: Path) -> None:
    text = "k,x\na,0.123456789012345678\nb,5\n"
    table = imported(tmp_path, text, types={"x": "decimal"})
    assert table.column("x") == [Decimal("0.123456789012345678"), Decimal(5)]
    whole = imported(tmp_path, "k,x\na,5\n", types={"x": "decimal"})
    assert (whole.types["x"], [str(value) for value in whole.column("x")]) == ("decimal", ["5.00"])
    error = refused(tmp_path, "k,x\na,1e3\n", types={"x": "decimal"})
    assert (error.code, error.where) == ("value-unfit", "row 2")


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_comma_that_may_begin_decimals_is_not_taken_away(tmp_path: Path, delimiter: str) -> None:
    table = imported(
        tmp_path, "id,kg\n1,#250\n2,1#500\n".replace(",", delimiter).replace("#250", "1,250").replace("#", ",")
    )
    assert table.column("kg") == ["1,250", "1,500"]
    assert table.notes["kept-as-text"].where == "kg"
    text = "id;kg\n1;1,250\n2;1,234,567\n3;12.5\n".replace(";", delimiter)
    table = imported(tmp_path, text)
    assert table.column("kg") == [1250.0, 1234567.0, 12.5]
    assert table.notes["converted"].where == "kg"


def test_a_point_that_may_group_thousands_is_not_read_as_decimal(tmp_path: Path) -> None:
    table = imported(tmp_path, "id;kg;n\n1;12,5;1.250\n2;1,25;900\n")
    assert (table.column("kg"), table.column("n")) == (["12,5", "1,25"], ["1.250", "900"])
    assert {note.where for note in table.description.notes if note.code == "kept-as-text"} == {"kg", "n"}
    assert imported(tmp_path, "id;n\n1;1.250\n2;900\n").column("n") == [1.25, 900.0]


def test_commas_that_group_thousands_are_noted(tmp_path: Path) -> None:
    table = imported(tmp_path, 'id,n\n1,"1,250"\n2,12\n')
    assert (table.column("n"), table.notes["converted"].where) == ([1250.0, 12.0], "n")


@pytest.mark.parametrize(
    "cells", [["2024-03-01 00:30:00", "2024-03-01 08:00"], ["2024-03-01T00:30:00Z", "2024-03-02 08:00"]]
)
def test_times_without_a_zone_are_noted(tmp_path: Path, cells: list[str]) -> None:
    text = "k,t\n" + "".join(f"x,{cell}\n" for cell in cells)
    note = imported(tmp_path, text).notes["time-zone-assumed"]
    assert (note.where, "UTC" in note.text) == ("t", True)
    note = imported(tmp_path, text, time_zone="Asia/Shanghai", types={"t": "timestamp"}).notes["time-zone-assumed"]
    assert "Asia/Shanghai" in note.text


def test_times_with_a_zone_and_dates_are_not_noted(tmp_path: Path) -> None:
    table = imported(tmp_path, "t,d\n2024-03-01T00:30:00+08:00,2024-01-01\n2024-03-01 00:30Z,2024-01-02\n")
    assert table.types == {"t": "timestamp", "d": "date"}
    assert table.notes == {}


def test_times_of_a_workbook_are_noted(tmp_path: Path) -> None:
    def write(workbook: object, sheet: object) -> None:
        moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"})  # type: ignore[attr-defined]
        sheet.write(0, 0, "t")  # type: ignore[attr-defined]
        sheet.write_datetime(1, 0, datetime(2024, 3, 1, 8, 30), moment)  # type: ignore[attr-defined]  # noqa: DTZ001

    table = imported(tmp_path, book(write), time_zone="Asia/Shanghai")
    assert table.column("t") == [datetime(2024, 3, 1, 0, 30)]  # noqa: DTZ001
    assert "Asia/Shanghai" in table.notes["time-zone-assumed"].text


def test_digits_beyond_the_microsecond_are_cut_with_a_note(tmp_path: Path) -> None:
    table = imported(tmp_path, "t\n2020-01-01T00:00:00.123456789Z\n2020-01-01T00:00:01.100000000Z\n")
    assert table.column("t")[0] == datetime(2020, 1, 1, 0, 0, 0, 123456)  # noqa: DTZ001
    assert table.notes["converted"].text == "times are kept to the microsecond; the further digits of 1 cell are cut"


def test_surnames_that_read_like_nothing_are_values(tmp_path: Path) -> None:
    assert imported(tmp_path, "姓,名\nnan,an\nnull,b\nli,d\n").column("姓") == ["nan", "null", "li"]
    assert imported(tmp_path, "k,n\na,nan\nb,null\nc,3\n").column("n") == [None, None, 3]


def test_a_date_that_the_owner_states_may_be_a_day_number_of_a_workbook(tmp_path: Path) -> None:
    def write(_workbook: object, sheet: object) -> None:
        for row, cells in enumerate([["设备", "运行时间"], ["甲", 12500], ["乙", 23000.5], ["丙", 43831]]):
            sheet.write_row(row, 0, cells)  # type: ignore[attr-defined]

    table = imported(tmp_path, book(write))
    assert (table.types["运行时间"], table.column("运行时间")) == ("number", [12500.0, 23000.5, 43831.0])
    assert table.notes["kept-as-number"].where == "运行时间"
    assert refused(tmp_path, book(write), types={"运行时间": "date"}).where == "row 3"  # half a day is no date
    stated = imported(tmp_path, book(write), types={"运行时间": "timestamp"}, time_zone="Asia/Shanghai")
    assert stated.column("运行时间")[1] == datetime(1962, 12, 20, 4)  # noqa: DTZ001
    whole = imported(
        tmp_path, book(lambda _workbook, sheet: sheet.write_column(0, 0, ["d", 43831])), types={"d": "date"}
    )
    assert whole.column("d") == [date(2020, 1, 1)]
    since_1904 = book(lambda _workbook, sheet: sheet.write_column(0, 0, ["d", 43831]), date_1904=True)
    assert imported(tmp_path, since_1904, types={"d": "date"}).column("d") == [date(2024, 1, 2)]
