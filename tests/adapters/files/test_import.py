"""Files as people write them: titles, sections, codes, dates, missing values, encodings."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.contract import SourceError
from adapters.files.importing import import_file
from tests.support.imported_files import book, imported, old_book_of

SMALL = "编号,姓名,年龄,城市\nA1,张三,30,杭州\nA2,李四,41,宁波\n"
SMALL_ROWS = [("A1", "张三", 30, "杭州"), ("A2", "李四", 41, "宁波")]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8-sig", b""),
        ("gb18030", b""),
        ("gbk", b""),
        ("utf-16", b""),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
    ],
)
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "，"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_encodings_delimiters_and_line_ends(
    tmp_path: Path, encoding: str, mark: bytes, delimiter: str, ending: str
) -> None:
    text = SMALL.replace(",", delimiter).replace("\n", ending) + ending * 3
    table = imported(tmp_path, mark + text.encode(encoding))
    assert table.names == ["编号", "姓名", "年龄", "城市"]
    assert table.rows == SMALL_ROWS
    assert table.types["年龄"] == "integer"
    assert table.description.key == ("编号",)
    assert ("encoding" in table.notes) == (not encoding.startswith("utf-8"))


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    assert imported(tmp_path, "name,city\nJosé,Köln\n".encode("latin-1"), encoding="latin-1").rows == [("José", "Köln")]
    assert imported(tmp_path, "姓名,城市\n陳先生,臺北\n".encode("big5"), encoding="big5").rows == [("陳先生", "臺北")]


def test_quotes_hold_delimiters_newlines_and_quotes(tmp_path: Path) -> None:
    table = imported(tmp_path, 'a,b\n"1,5","x\ny"\n"say ""hi""", plain "inner" \n\n"",z\n')
    assert table.rows == [("1,5", "x\ny"), ('say "hi"', 'plain "inner"'), (None, "z")]
    assert table.notes["blank-rows-dropped"].where == "row 4"


def test_titles_sections_footnotes_and_totals(tmp_path: Path) -> None:
    text = (
        "附件1：,,\n2025年名单,,\n序号,学校,代码\n北京市（2所）,,\n1,甲大学,0101\n2,乙大学,0102\n"
        "天津市（1所）,,\n3,丙大学,0201\n,,\n合计,3,\n注：截至六月,,\n"
    )
    table = imported(tmp_path, text)
    assert table.names == ["序号", "学校", "代码", "section"]
    assert table.rows[:3] == [
        ("1", "甲大学", "0101", "北京市（2所）"),
        ("2", "乙大学", "0102", "北京市（2所）"),
        ("3", "丙大学", "0201", "天津市（1所）"),
    ]
    assert {code: note.where for code, note in table.notes.items()} == {
        "title-rows-dropped": "rows 1, 2",
        "section-rows": "rows 4, 7",
        "footnotes-dropped": "row 11",
        "blank-rows-dropped": "row 9",
        "total-row": "row 10",
        "kept-as-text": "row 10",
    }


def test_one_cell_is_a_record_without_evidence_of_a_heading(tmp_path: Path) -> None:
    table = imported(tmp_path, "id,name,city\nP1,,\nP2,Ann,Rome\nP3,,\n")
    assert table.rows == [("P1", None, None), ("P2", "Ann", "Rome"), ("P3", None, None)]
    table = imported(tmp_path, "no,name,city\n1,Bo,Oslo\nNorth\n2,Ann,Rome\n3,,\n")
    assert table.rows == [(1, "Bo", "Oslo", None), (2, "Ann", "Rome", "North"), (3, None, None, "North")]


def test_a_header_may_leave_half_of_its_columns_without_a_name(tmp_path: Path) -> None:
    rows = "A1,张三,杭州,教授,x,y,z\nA2,李四,杭州,讲师,x,v,w\n"
    table = imported(tmp_path, f"2025年名单,,,,,,\n编号,姓名,城市,,,,\n{rows}")
    assert table.names == ["编号", "姓名", "城市", *(f"column_{n}" for n in range(4, 8))]
    assert [row[0] for row in table.rows] == ["A1", "A2"]
    assert table.notes["title-rows-dropped"].where == "row 1"
    # Groups above the names, and labels with what they are of, are titles as before.
    names = "编号,姓名,城市,职称,a,b,c\n"
    for above in ("基本,,,工作,,其他,\n", "填报单位：,甲,,日期：,2025,,\n"):
        assert imported(tmp_path, above + names + rows).names == ["编号", "姓名", "城市", "职称", "a", "b", "c"]


def test_formulas_without_a_value_are_noted(tmp_path: Path) -> None:
    written = openpyxl.Workbook()
    written.active.title = "first"
    sheet = written.create_sheet("second")
    for row in (["n", "twice", "name"], [1, "=A2*2", "a"], [2, "=A3*2", "b"], [3, 6, "c"]):
        sheet.append(row)
    buffer = BytesIO()
    written.save(buffer)
    note = imported(tmp_path, buffer.getvalue()).notes["formulas-empty"]
    assert note.text.startswith("2 formulas have no value and count as empty cells (columns B)")
    assert note.where == "rows 2, 3"
    calculated = book(lambda _workbook, sheet: (sheet.write(0, 0, "a"), sheet.write_formula(1, 0, "=1+1", None, 2)))
    assert "formulas-empty" not in imported(tmp_path, calculated).notes


def test_many_rows_with_one_cell_are_records(tmp_path: Path) -> None:
    lone = "".join(f"P{n},,\n" for n in range(40))
    table = imported(tmp_path, f"2025,,\nid,name,city\n{lone}P40,Ann,Rome\n")
    assert (table.names, len(table.rows)) == (["id", "name", "city"], 41)
    table = imported(tmp_path, "a,b,c\n" + "x\n" * 30 + "1,2,3\n", ragged="pad")
    assert len(table.rows) == 31


@pytest.mark.parametrize(
    ("name", "cells", "kind", "values"),
    [
        ("n", ["1", "-2", "+3", "0"], "integer", [1, -2, 3, 0]),
        ("n", ["1", "2.50", ".5", "1e3"], "number", [1.0, 2.5, 0.5, 1000.0]),
        ("n", ["1,234", "12", "1,234,567.5"], "number", [1234.0, 12.0, 1234567.5]),
        ("n", ["007", "1"], "string", ["007", "1"]),
        ("n", ["1234567890123456", "1"], "string", ["1234567890123456", "1"]),
        (
            "身份证号",
            ["330106199001011237", "33010619900101123X"],
            "string",
            ["330106199001011237", "33010619900101123X"],
        ),
        ("学校代码", ["4111010001", "?"], "string", ["4111010001", None]),
        ("cityCode", ["1101", "无"], "string", ["1101", None]),
        ("phone", ["13800000000", "-"], "string", ["13800000000", None]),
        ("n", ["1", "NA", "无", "-", "?", "未知", ""], "integer", [1, None, None, None, None, None, None]),
        ("n", ["a", "NA", "无", "-", "?", "N/A", ""], "string", ["a", "NA", "无", "-", None, None, None]),
        ("n", ["true", "FALSE", "?"], "boolean", [True, False, None]),
        ("n", ["是", "否"], "string", ["是", "否"]),
        (
            "n",
            ["2024-01-31", "2024/2/1", "2024.12.3", "2024年3月9日"],
            "date",
            ["2024-01-31", "2024-02-01", "2024-12-03", "2024-03-09"],
        ),
        ("出生日期", ["20240131", "19991231"], "date", ["2024-01-31", "1999-12-31"]),
        ("n", ["20240131", "19991231"], "integer", [20240131, 19991231]),
        ("n", ["31/01/2024", "01/02/2024"], "date", ["2024-01-31", "2024-02-01"]),
        ("n", ["01/31/2024", "01/02/2024"], "date", ["2024-01-31", "2024-01-02"]),
        ("n", ["01/02/2024", "03/04/2024"], "string", ["01/02/2024", "03/04/2024"]),
        ("n", ["2024-02-30", "2024-02-28"], "string", ["2024-02-30", "2024-02-28"]),
        ("n", ["2024-01-31 00:00:00", "2024/2/1 0:00"], "date", ["2024-01-31", "2024-02-01"]),
        ("n", ["2024-01-31", "9999-12-31"], "date", ["2024-01-31", "9999-12-31"]),
        ("截止日期", ["20240131", "99991231"], "date", ["2024-01-31", "9999-12-31"]),
        (
            "n",
            ["2024-01-31 08:00Z", "9999-12-31 20:00-08:00"],
            "string",
            ["2024-01-31 08:00Z", "9999-12-31 20:00-08:00"],
        ),
        ("n", ["100%", "5%"], "string", ["100%", "5%"]),
        ("n", ["1 000", "2"], "string", ["1 000", "2"]),
        ("n", ["0x1F", "inf"], "string", ["0x1F", "inf"]),
        ("n", ["９", "1"], "string", ["９", "1"]),
        ("n", ["", "?"], "string", [None, None]),
        ("n", ["\u3000空格\u3000", "\u00a0x"], "string", ["空格", "x"]),
    ],
)
def test_types_and_values_of_a_column(
    tmp_path: Path, name: str, cells: list[str], kind: str, values: list[Any]
) -> None:
    lines = "".join(f'x,"{cell}"\n' for cell in cells)
    table = imported(tmp_path, f"k,{name}\n{lines}")
    assert table.types[name] == kind
    expected = [date.fromisoformat(value) if kind == "date" else value for value in values]
    assert table.column(name) == expected
    assert table.description.fields[1].nullable == (None in values)


def test_times_with_and_without_offset(tmp_path: Path) -> None:
    cells = [
        "2024-01-31 08:00",
        "2024-01-31T08:00:00+08:00",
        "2024/1/31 8:00:00.5",
        "2024-01-31T00:00:00Z",
        "2024-01-31",
    ]
    text = "k,t\n" + "".join(f"x,{cell}\n" for cell in cells)
    table = imported(tmp_path, text, time_zone="Asia/Shanghai")
    assert table.types["t"] == "timestamp"
    midnight = datetime(2024, 1, 31, tzinfo=UTC).replace(tzinfo=None)
    assert table.column("t") == [
        *[midnight, midnight, midnight.replace(microsecond=500_000), midnight],
        datetime(2024, 1, 30, 16, tzinfo=UTC).replace(tzinfo=None),
    ]


def test_a_few_spoiled_cells_keep_a_column_text_and_are_named(tmp_path: Path) -> None:
    lines = "".join(f"{n},{n}\n" for n in range(100)) + "100,n.a\n"
    table = imported(tmp_path, "k,age\n" + lines)
    assert table.types["age"] == "string"
    assert table.notes["kept-as-text"].where == "row 102"


def test_columns_have_unique_names(tmp_path: Path) -> None:
    table = imported(tmp_path, "name,name,,name_2,Name, a\u200bb \n1,2,3,4,5,6\n")
    assert table.names == ["name", "name_3", "column_3", "name_2", "Name", "ab"]
    assert table.notes["column-renamed"].where == "columns 2, 3"
    assert table.rows == [(1, 2, 3, 4, 5, 6)]
    table = imported(tmp_path, "a,b,,\n1,2,,\n3,4,,\n")
    assert table.names == ["a", "b"]
    assert table.notes["column-dropped"].where == "column_3, column_4"


def test_names_have_no_marks_of_the_direction_of_writing(tmp_path: Path) -> None:
    table = imported(tmp_path, "a\u202etxt,b\u2066,c\u2028d,e\u0085f\n1,x,3,4\n")
    assert table.names == ["atxt", "b", "c d", "e f"]


def test_delimiters_after_the_last_column(tmp_path: Path) -> None:
    assert imported(tmp_path, "a,b\n1,2,\n3,4,,\n").rows == [(1, 2), (3, 4)]


@pytest.mark.parametrize(
    "text",
    [
        "a,b\r1,x\r2,y\r",
        "a,b\r\n1,x\n2,y",
        "\n\n\na,b\n1,x\n2,y\n",
        "sep=;\r\na;b\r\n1;x\r\n2;y\r\n",
        'a, b\n1, "x"\n2, "y"\n',
        '"a","b"\n"1","x"\n"2","y"\n',
        "a,b\n1,x\n2,y\n\x1a",
        "a,b\n1,x\na,b\n2,y\n",
        "单位：万元,\na,b\n1,x\n2,y\n",
    ],
)
def test_ways_to_write_the_same_table(tmp_path: Path, text: str) -> None:
    table = imported(tmp_path, text)
    assert (table.names, table.rows) == (["a", "b"], [(1, "x"), (2, "y")])


def test_short_rows_are_filled_by_option(tmp_path: Path) -> None:
    table = imported(tmp_path, "a,b,c\n1,2\n3,4,5\n", ragged="pad")
    assert table.rows == [(1, 2, None), (3, 4, 5)]
    assert table.notes["rows-padded"].where == "row 2"


def test_options_replace_what_would_be_inferred(tmp_path: Path) -> None:
    assert imported(tmp_path, "1,x\n2,y\n", header_row=0).rows == [(1, "x"), (2, "y")]
    assert imported(tmp_path, "junk,junk\na,b\n1,x\n", header_row=2).names == ["a", "b"]
    assert imported(tmp_path, "a,b\n1,2\n", types={"a": "string", "b": "number"}).rows == [("1", 2.0)]
    assert imported(tmp_path, "a,b\n1,x\n0,y\n", types={"a": "boolean"}).column("a") == [True, False]
    assert imported(tmp_path, "a,b\n?,x\n0,?\n", missing=()).rows == [("?", "x"), ("0", "?")]
    assert imported(tmp_path, "a,b\n99,x\n0,y\n", missing=("99",)).rows == [(None, "x"), (0, "y")]
    assert imported(tmp_path, "a;b,c\n1;2,3\n", delimiter=",").names == ["a;b", "c"]


def test_years_may_head_columns_and_a_row_may_number_them(tmp_path: Path) -> None:
    table = imported(tmp_path, "地区,2022,2023,2024\n1,2,3,4\n杭州,5,6,7\n")
    assert table.names == ["地区", "2022", "2023", "2024"]
    assert table.rows == [("杭州", 5, 6, 7)]


@pytest.mark.parametrize(
    "content",
    [
        "id,count,level\n1,2,3\n4,5,6\n",
        "id,count,level\n1,2,3\n",
        "id,count,code\n1,2,3\n4,5,A6\n7,8,9\n",
        "id,a,b,c\n1,2,3,4\n?,?,?,?\n",
    ],
)
def test_a_record_of_ascending_numbers_is_no_numbering(tmp_path: Path, content: str) -> None:
    table = imported(tmp_path, content)
    assert len(table.rows) == content.count("\n") - 1
    assert table.column(table.names[0])[0] == 1
    assert "title-rows-dropped" not in table.notes


def test_one_column_is_a_table(tmp_path: Path) -> None:
    assert imported(tmp_path, "name\nAnn\nBo\n").rows == [("Ann",), ("Bo",)]
    for mark in ";,":  # at the end of a cell it delimits nothing
        assert imported(tmp_path, f'statement\n"a{mark}b"\ndelete c{mark}\n').rows == [
            (f"a{mark}b",),
            (f"delete c{mark}",),
        ]


def old_book() -> bytes:
    return old_book_of(["name", "age"], ["Ann", 30])


def new_book() -> bytes:
    return book(lambda _workbook, sheet: [sheet.write_row(0, 0, ["name", "age"]), sheet.write_row(1, 0, ["Ann", 30])])


@pytest.mark.parametrize("make", [old_book, new_book])
@pytest.mark.parametrize("name", ["a.xls", "a.xlsx", "a.xlsb", "a.ods", "a.csv", "a"])
def test_a_workbook_is_detected_by_its_content_not_its_name(
    tmp_path: Path, make: Callable[[], bytes], name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(make())
    result = import_file(path, tmp_path / "snapshots")
    assert pq.read_table(result.path).to_pylist() == [{"c0": "Ann", "c1": 30}]


def test_a_workbook_made_for_people(tmp_path: Path) -> None:
    def write(_workbook: Any, sheet: Any) -> None:
        sheet.merge_range(1, 1, 1, 6, "人才名单")
        sheet.merge_range(2, 1, 3, 1, "姓\n名")
        sheet.merge_range(2, 2, 2, 3, "联系方式")
        sheet.write_row(3, 2, ["电话", "邮箱"])
        sheet.merge_range(2, 4, 3, 4, "部门")
        sheet.merge_range(2, 5, 3, 5, "编号")
        sheet.merge_range(2, 6, 3, 6, "出生日期")
        sheet.merge_range(4, 1, 4, 6, "杭州市（3人）")
        sheet.merge_range(5, 4, 7, 4, "研发部")
        for row, name in enumerate(["张三", "李四", "王五"], 5):
            sheet.write(row, 1, name)
            sheet.write_number(row, 2, 13_800_000_000 + row)
            sheet.write(row, 3, f"p{row}@example.org")
        sheet.write_number(5, 5, 4_111_010_001)
        sheet.write_string(6, 5, "4111010002")
        sheet.write_number(7, 5, 4_111_010_003)
        sheet.write_datetime(5, 6, datetime(1990, 1, 31))  # noqa: DTZ001 - a workbook knows no zones
        sheet.write_number(6, 6, 33_000)
        sheet.write_string(7, 6, "1990.5.1")

    table = imported(tmp_path, book(write))
    assert table.names == ["姓名", "联系方式 电话", "联系方式 邮箱", "部门", "编号", "出生日期", "section"]
    assert table.column("编号") == ["4111010001", "4111010002", "4111010003"]
    assert table.column("联系方式 电话") == ["13800000005", "13800000006", "13800000007"]
    assert table.column("部门") == ["研发部"] * 3
    assert table.column("section") == ["杭州市（3人）"] * 3
    assert table.notes["cells-filled"].where == "row 6"
    hints = {(hint.field, hint.kind) for hint in table.description.hints}
    assert {("姓名", "personal"), ("联系方式 电话", "personal"), ("联系方式 邮箱", "personal")} <= hints


def test_the_types_of_a_workbooks_cells(tmp_path: Path) -> None:
    def write(workbook: Any, sheet: Any) -> None:
        moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        clock = workbook.add_format({"num_format": "hh:mm:ss"})
        sheet.write_row(0, 0, ["整数", "小数", "文本数字", "日期", "时刻", "时间", "是否", "入职日期", "错误"])
        for row in (1, 2):
            sheet.write_row(row, 0, [row, row / 10])
            sheet.write_string(row, 2, str(row))
            sheet.write_datetime(row, 3, datetime(2024, 1, row))  # noqa: DTZ001
            sheet.write_datetime(row, 4, datetime(2024, 1, row, 10, 30), moment)  # noqa: DTZ001
            sheet.write_number(row, 5, 0.4375, clock)
            sheet.write_boolean(row, 6, row == 1)
            sheet.write_number(row, 7, 45_321 + row)
        sheet.write_formula(1, 8, "=1/0", None, "#DIV/0!")
        sheet.write(2, 8, 5)
        workbook.add_worksheet("说明").write(0, 0, "x")

    table = imported(tmp_path, book(write))
    assert list(table.types.values()) == [
        *["integer", "number", "string", "date", "timestamp", "string", "boolean", "integer", "integer"]
    ]
    assert table.rows[0][:4] == (1, 0.1, "1", date(2024, 1, 1))
    assert table.rows[0][5:] == ("10:30:00", True, 45_322, None)
    assert table.notes["kept-as-number"].where == "入职日期"
    assert table.notes["kept-as-text"].where == "文本数字"
    assert "说明" in table.notes["other-sheets"].text
    assert imported(tmp_path, book(write), sheet="名单").rows == table.rows


def test_hidden_and_empty_sheets_are_skipped(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.title = "空"
    hidden, visible = workbook.create_sheet("隐藏"), workbook.create_sheet("数据")
    for sheet in (hidden, visible):
        sheet.append(["名", "值"])
        sheet.append([sheet.title, 1])
    hidden.sheet_state = "hidden"
    buffer = BytesIO()
    workbook.save(buffer)
    assert imported(tmp_path, buffer.getvalue()).rows == [("数据", 1)]


def test_json_lines_and_arrays(tmp_path: Path) -> None:
    lines = (
        '{"id":"007","n":1,"x":1.5,"ok":true,"t":"2024-01-31T08:00:00+08:00","tags":["a"],"d":{"k":"值"}}\n\n'
        '{"n":2,"id":"008","x":2,"ok":null,"late":"y"}\n'
    )
    table = imported(tmp_path, lines)
    assert table.types == {
        "id": "string",
        "n": "integer",
        "x": "number",
        "ok": "boolean",
        "t": "timestamp",
        "tags": "string",
        "d": "string",
        "late": "string",
    }
    assert table.rows[0][:4] == ("007", 1, 1.5, True)
    assert table.rows[0][5:] == ('["a"]', '{"k":"值"}', None)
    assert table.notes["kept-as-text"].where == "tags, d"
    array = "[" + ",".join(line for line in lines.splitlines() if line) + "]"
    assert imported(tmp_path, array).rows == table.rows
    assert imported(tmp_path, '{"a":"1"}\n').types == {"a": "string"}


def test_parquet_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "U": pa.array([2**64 - 1], pa.uint64()),
            "f": pa.array([float("nan")]),
            "d": pa.array([date(2024, 1, 31)], pa.date64()),
            "t": pa.array([datetime(2024, 1, 31, 8)], pa.timestamp("ns")),  # noqa: DTZ001
            "z": pa.array([datetime(2024, 1, 31, tzinfo=UTC)], pa.timestamp("s", "Asia/Shanghai")),
            "c": pa.array(["a"]).dictionary_encode(),
            "l": pa.array([[1, 2]]),
            "b": pa.array([b"\x00"]),
            "u": pa.array(["大"], pa.large_string()),
        }
    )
    buffer = BytesIO()
    pq.write_table(table, buffer)
    imported_table = imported(tmp_path, buffer.getvalue())
    assert list(imported_table.types.values()) == [
        "decimal",
        "number",
        "date",
        "timestamp",
        "timestamp",
        "string",
        "string",
        "string",
    ]
    assert imported_table.rows[0][0] == 2**64 - 1
    assert imported_table.rows[0][1] is None
    assert imported_table.rows[0][6:] == ("[1,2]", "大")
    assert imported_table.notes["column-dropped"].where == "b"
    assert imported_table.notes["time-zone-assumed"].where == "t"


def test_a_snapshot_is_named_by_its_bytes_and_reproducible(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(SMALL)
    first, second = (import_file(path, tmp_path / "snapshots") for _ in range(2))
    assert first.path == second.path
    assert first.path.stem == first.description.digest
    assert [path.name for path in (tmp_path / "snapshots").iterdir()] == [first.path.name]


def test_the_fast_and_the_careful_reader_agree(tmp_path: Path) -> None:
    text = "id,name,n,d\n" + "".join(f"P{n:05},人{n % 7},{n},2024-01-{n % 28 + 1:02}\n" for n in range(30_000))
    fast = imported(tmp_path, text)
    careful = imported(tmp_path, text + ",,,\n\n" + "P99999,x,1,2024-01-01\n")
    assert careful.rows[:-1] == fast.rows
    assert careful.description.fields == fast.description.fields
    assert fast.description.key == careful.description.key == ("id",)


def test_options_do_not_hide_an_unknown_sheet(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="名单"):
        imported(tmp_path, book(lambda _workbook, sheet: sheet.write(0, 0, "a")), sheet="Sheet1")
