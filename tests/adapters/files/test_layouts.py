"""The reader finds where a table begins and which rows are records: it keeps a doubtful row and names it in a note."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.imported_files import book, book_of, imported, refused


def test_a_record_with_a_first_cell_only_is_kept_below_a_title(tmp_path: Path) -> None:
    rows = [["名单"], ["姓名", "电话", "备注"], ["甲某", "010-1", "x"], ["乙某"], ["丙某", "010-3"], ["丁某"]]
    table = imported(tmp_path, book_of(*rows))
    assert table.names == ["姓名", "电话", "备注"]
    assert table.column("姓名") == ["甲某", "乙某", "丙某", "丁某"]
    assert table.notes["lone-rows"].where == "rows 4, 6"


def test_a_merged_row_and_one_with_the_form_of_a_heading_are_headings(tmp_path: Path) -> None:
    def write(_workbook: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["姓名", "电话", "备注"])
        sheet.merge_range(1, 0, 1, 2, "东区")
        sheet.write_row(2, 0, ["甲某", "010-1", "x"])
        sheet.write(3, 0, "二、西区")
        sheet.write_row(4, 0, ["乙某", "010-2", "y"])
        sheet.write(5, 0, "南区（1人）")
        sheet.write_row(6, 0, ["丙某", "010-3", "z"])
        sheet.write(7, 0, "注：截至六月")

    table = imported(tmp_path, book(write))
    assert [(row[0], row[3]) for row in table.rows] == [("甲某", "东区"), ("乙某", "二、西区"), ("丙某", "南区（1人）")]
    assert table.notes["footnotes-dropped"].where == "row 8"


def test_a_line_of_text_with_one_cell_is_no_heading_without_evidence(tmp_path: Path) -> None:
    error = refused(tmp_path, "name,phone,note\nAnn,1,x\nBo\nCy,3,z\n")
    assert (error.code, error.where) == ("row-ragged", "row 3")
    assert imported(tmp_path, "name,phone,note\nAnn,1,x\nBo\nCy,3,z\n", ragged="pad").column("name") == [
        "Ann",
        "Bo",
        "Cy",
    ]
    table = imported(tmp_path, "name,phone,note\nAnn,1,x\nCy,3,z\n\nData from a database\n")
    assert (len(table.rows), table.notes["footnotes-dropped"].where) == (2, "row 5")


@pytest.mark.parametrize(
    "text",
    [
        "年级,班级,人数,备注\n1,2,3,4\n2,1,40,满\n3,1,38,缺\n",
        "foo,bar,baz\n1,2,3\n4,5,ʤ\n",
        "name,a,b\n1,2,3\nBo,4,5\n",
        "项目,a,b,c\n甲,1,2,3\n乙,4,5,6\n",
        "a,b,c\n1,2,3\nx,y,z\n",
    ],
)
def test_a_first_record_that_counts_up_is_kept(tmp_path: Path, text: str) -> None:
    assert len(imported(tmp_path, text).rows) == text.count("\n") - 1


def test_a_row_that_numbers_the_columns_of_a_statistical_table_is_no_record(tmp_path: Path) -> None:
    for above in ("2024年统计表,,,\n地区,户数,人数,面积\n", "地区,2022,2023,2024\n"):
        table = imported(tmp_path, above + "甲,1,2,3\n杭州,5,6,7\n宁波,8,9,10\n")
        assert table.column("地区") == ["杭州", "宁波"]
        assert "numbers the columns" in "".join(note.text for note in table.description.notes)


def three_rows(_workbook: Any, sheet: Any) -> None:
    sheet.merge_range(0, 0, 2, 0, "地区")
    sheet.merge_range(0, 1, 0, 4, "就业人数")
    sheet.merge_range(1, 1, 1, 2, "城镇")
    sheet.merge_range(1, 3, 1, 4, "乡村")
    sheet.write_row(2, 1, ["男", "女", "男", "女"])
    sheet.write_row(3, 0, ["甲市", 1, 2, 3, 4])
    sheet.write_row(4, 0, ["乙市", 5, 6, 7, 8])


def wide_groups(_workbook: Any, sheet: Any) -> None:
    sheet.merge_range(0, 0, 0, 6, "表一 就业情况")
    sheet.merge_range(1, 0, 1, 2, "单位：万人")
    sheet.merge_range(1, 3, 1, 6, "日期：2024年")
    sheet.merge_range(2, 0, 3, 0, "地区")
    sheet.merge_range(2, 1, 2, 3, "城镇")
    sheet.merge_range(2, 4, 2, 6, "乡村")
    sheet.write_row(3, 1, ["2022", "2023", "2024"] * 2)
    sheet.write_row(4, 0, ["甲市", 1, 2, 3, 4, 5, 6])
    sheet.write_row(5, 0, ["乙市", 1, 2, 3, 4, 5, 7])


def mixed_depth(_workbook: Any, sheet: Any) -> None:
    sheet.merge_range(0, 0, 2, 0, "地区")
    sheet.merge_range(0, 1, 0, 3, "就业")
    sheet.merge_range(1, 1, 1, 2, "城镇")
    sheet.merge_range(1, 3, 2, 3, "乡村")
    sheet.merge_range(0, 4, 2, 4, "备注")
    sheet.write_row(2, 1, ["男", "女"])
    sheet.write_row(3, 0, ["甲市", 1, 2, 3, "x"])
    sheet.write_row(4, 0, ["乙市", 5, 6, 7, "y"])


@pytest.mark.parametrize(
    ("write", "names"),
    [
        (three_rows, ["地区", "就业人数 城镇 男", "就业人数 城镇 女", "就业人数 乡村 男", "就业人数 乡村 女"]),
        (wide_groups, ["地区", *(f"{part} {year}" for part in ("城镇", "乡村") for year in (2022, 2023, 2024))]),
        (mixed_depth, ["地区", "就业 城镇 男", "就业 城镇 女", "就业 乡村", "备注"]),
    ],
)
def test_a_header_of_several_rows_names_its_groups(tmp_path: Path, write: Any, names: list[str]) -> None:
    table = imported(tmp_path, book(write))
    assert table.names == names
    assert table.column("地区") == ["甲市", "乙市"]


def test_a_title_between_merged_labels_and_the_header_is_no_group(tmp_path: Path) -> None:
    def write(_workbook: Any, sheet: Any) -> None:
        for columns, text in (((0, 1), "柜体系列"), ((2, 3), "柜体颜色")):
            sheet.merge_range(0, columns[0], 0, columns[1], text)
        sheet.merge_range(1, 0, 1, 3, "标准柜体部分")
        sheet.write_row(2, 0, ["序号", "名称", "宽", "深"])
        for row in range(3, 6):
            sheet.write_row(row, 0, [row, f"柜{row}", 10 * row, 20])

    assert imported(tmp_path, book(write)).names == ["序号", "名称", "宽", "深"]


def test_blank_cells_right_of_the_header_are_no_columns(tmp_path: Path) -> None:
    def write(workbook: Any, sheet: Any) -> None:
        sheet.write_row(1, 1, [" PRODUCT", "Cost", "Price"])
        sheet.write_row(2, 1, ["Example", 44])
        sheet.write_blank(2, 6, None, workbook.add_format({"bold": True}))
        sheet.write_string(2, 5, " ")

    table = imported(tmp_path, book(write))
    assert (table.names, table.rows) == (["PRODUCT", "Cost", "Price"], [("Example", 44, None)])


def test_a_second_table_in_a_sheet_is_noted(tmp_path: Path) -> None:
    first: list[list[Any]] = [["项目", "数量", "金额"], ["甲", 1, 10.5], ["乙", 2, 20.5]]
    rows: list[list[Any]] = [*first, [], ["姓名", "部门", "工龄"], ["丙某", "一处", 3], ["丁某", "二处", 4]]
    for content in (book_of(*rows), "\n".join(",".join(str(cell) for cell in row) or ",," for row in rows)):
        note = imported(tmp_path, content).notes["second-table"]
        assert note.where == "row 5"
        assert note.text.endswith("turn the type of 数量, 金额")
    rows[4] = ["丙", "未知", "不详"]
    assert "second-table" not in imported(tmp_path, book_of(*rows)).notes


def test_a_name_that_is_too_long_is_cut_with_a_note(tmp_path: Path) -> None:
    table = imported(tmp_path, f"{'x' * 130},b\n1,2\n")
    assert table.names == ["x" * 120, "b"]
    assert table.notes["column-renamed"].where == "column 1"
