"""Codes and identifying numbers stay text as they are written, whatever their digits; numbers stay numbers."""

from pathlib import Path

import pytest

from tests.support.imported_files import book_of, imported


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("联系电话", ["+8613800000001", "+8613800000002"]),
        ("科目编码", ["1001.10", "1002.20"]),
        ("文号", ["2020-1-15", "2021-12-1"]),
        ("物料代码", ["1E5", "2E3"]),
        ("档案号", ["1.10", "1.20"]),
        ("证件号码", ["1,234", "5,678"]),
        ("partCode", ["1.50", "2.50"]),
        ("account_no", ["1001", "1002"]),
        ("银行账户", ["62220001", "62220002"]),
        ("card", ["4111", "5500"]),
        ("employee_id", ["1001", "1002"]),
        ("staffNumber", ["12", "13"]),
        ("invoice number", ["1", "2"]),
        ("工号", ["1001", "1002"]),
        ("contact", ["+441632960961", "+12025550123"]),
        ("值", ["13800000001", "15900000002"]),
        ("x", ["110105491231002", "110105500101003"]),
        ("serial", ["2024-01-02", "2024-01-03"]),
        ("账 号", ["1001.10", "1002.20"]),
        ("工资卡", ["62220001", "62220002"]),
        ("version", ["1.10", "1.20"]),
        ("x", ["1E5", "2E3"]),
        ("车牌号", ["2020.1.5", "2021.1.6"]),
    ],
)
def test_codes_stay_text(tmp_path: Path, name: str, cells: list[str]) -> None:
    lines = "".join(f'x,"{cell}"\n' for cell in cells)
    table = imported(tmp_path, f"k,{name}\n{lines}")
    assert (table.types[name], table.column(name)) == ("string", cells)


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("电话费", ["12.50", "3"], "decimal"),
        ("编码数", ["3", "4"], "integer"),
        ("account_balance", ["10.5", "3"], "decimal"),
        ("number_of_codes", ["1", "2"], "integer"),
        ("total number", ["1", "2"], "integer"),
        ("x", ["1.5E5", "2E3"], "number"),
        ("x", ["1e-5", "2E3"], "number"),
        ("序号", ["1", "2"], "integer"),
        ("no", ["1", "2"], "integer"),
        ("id", ["1", "2"], "integer"),
        ("change", ["+3", "-5", "+12"], "integer"),
        ("手机注册时间", ["2024-01-02", "2024-01-03"], "date"),
        ("has_code", ["true", "false"], "boolean"),
        ("发票号码日期", ["20240102", "20240103"], "date"),
    ],
)
def test_quantities_and_dates_are_no_codes(tmp_path: Path, name: str, cells: list[str], kind: str) -> None:
    lines = "".join(f'x,"{cell}"\n' for cell in cells)
    assert imported(tmp_path, f"k,{name}\n{lines}").types[name] == kind


def test_codes_of_a_workbook_stay_text(tmp_path: Path) -> None:
    table = imported(tmp_path, book_of(["姓名", "联系电话", "手机"], ["甲", 13800000001, "+8613800000001"]))
    assert table.rows == [("甲", "13800000001", "+8613800000001")]


def test_a_birth_date_is_found_by_its_name(tmp_path: Path) -> None:
    table = imported(tmp_path, "name,born\nAnn,19900131\nBo,19911230\n")
    assert table.types["born"] == "date"
    assert ("born", "personal") in {(hint.field, hint.kind) for hint in table.description.hints}


def test_one_bad_cell_among_few_is_named(tmp_path: Path) -> None:
    table = imported(tmp_path, "k,born\na,1990-01-31\nb,1991-12-30\nc,1990-02-31\nd,1992-01-01\n")
    assert (table.types["born"], table.notes["kept-as-text"].where) == ("string", "row 4")
    assert table.notes["kept-as-text"].text == '"born" stays text: 1 cell is no date'
    lines = "".join(f"x,{n:05}\n" for n in range(100))
    table = imported(tmp_path, "k,POSTNR\n" + lines + "x,N-1\n")
    assert table.column("POSTNR")[-1] == "N-1"
