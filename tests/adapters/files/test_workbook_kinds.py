"""Binary workbooks and OpenDocument sheets as Excel's XML: what is hidden is left out, errors are noted; archives are mended."""

import struct
import zipfile
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import xlwt

from tests.support.imported_files import book_of, imported, refused
from tests.support.sheet_readers import read_binary_sheets, read_binary_workbook, read_opendocument

ROWS: list[list[Any]] = [
    ["单位", "内部编号", "数量"],
    ["甲", "K-1", 1.0],
    ["乙", "K-2", 2.0],
    ["丙", "K-3", 3.0],
    ["丁", "K-4", None],
]


def archive(members: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def record(kind: int, body: bytes = b"") -> bytes:
    """A record of a binary workbook."""
    number = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return number + bytes([len(body)]) + body


def text(value: str) -> bytes:
    return struct.pack("<I", len(value)) + value.encode("utf-16-le")


def binary_book(rows: list[list[Any]] = ROWS, *, styles: bytes | None = None) -> bytes:
    """A binary workbook whose column B and row 4 are hidden; None is an error, an int is packed into four bytes.

    With `styles`, cells of the second column and the following ones have style 1.
    """
    sheet = record(129) + record(148, struct.pack("<4I", 0, 4, 0, 2))
    sheet += record(390) + record(60, struct.pack("<4IH", 1, 1, 2000, 0, 1)) + record(391) + record(145)
    for row, cells in enumerate(rows):
        sheet += record(0, struct.pack("<IIHBBBI", row, 0, 300, 0, 0x10 if row == 3 else 0, 0, 0))
        for column, cell in enumerate(cells):
            place = struct.pack("<II", column, int(styles is not None and column > 0))
            if isinstance(cell, float):
                sheet += record(5, place + struct.pack("<d", cell))
            elif isinstance(cell, int):
                sheet += record(2, place + struct.pack("<i", cell << 2 | 2))
            else:
                sheet += record(6, place + text(cell)) if isinstance(cell, str) else record(3, place + b"\x17")
    sheet += record(146) + record(130)
    book = record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + text("rId1") + text("Sheet1"))
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.bin"/>'
        "</Relationships>"
    )
    return archive(
        {
            "xl/workbook.bin": book + record(144) + record(132),
            "xl/_rels/workbook.bin.rels": relations.encode(),
            "xl/worksheets/sheet1.bin": sheet,
            **({} if styles is None else {"xl/styles.bin": styles}),
        }
    )


def open_sheet(*, has_type: bool = True, is_encrypted: bool = False) -> bytes:
    """The same in an OpenDocument sheet."""
    cells = []
    for row, values in enumerate(ROWS):
        visibility = ' table:visibility="filter"' if row == 3 else ""
        cells.append(f"<table:table-row{visibility}>")
        for value in values:
            kind = f'office:value-type="float" office:value="{value}"' if isinstance(value, float) else ""
            kind = kind or (
                'office:value-type="string"' if value else 'calcext:value-type="error" table:formula="=1/0"'
            )
            cells.append(f"<table:table-cell {kind}><text:p>{value or '#DIV/0!'}</text:p></table:table-cell>")
        cells.append("</table:table-row>")
    names = {
        **{name: f"urn:oasis:names:tc:opendocument:xmlns:{name}:1.0" for name in ("office", "table", "text")},
        "calcext": "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0",
    }
    spaces = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in names.items())
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        '<table:table table:name="Sheet1"><table:table-column/><table:table-column table:visibility="collapse"/>'
        f"<table:table-column/>{''.join(cells)}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    locked = "<manifest:encryption-data/>" if is_encrypted else ""
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}">{locked}</manifest:file-entry>'
        "</manifest:manifest>"
    )
    members = {"mimetype": kind.encode()} if has_type else {}
    return archive({**members, "META-INF/manifest.xml": manifest.encode(), "content.xml": content.encode()})


@pytest.mark.parametrize(
    "content", [binary_book(), open_sheet(), open_sheet(has_type=False)], ids=["xlsb", "ods", "bare ods"]
)
def test_hidden_parts_are_left_out_and_errors_noted(tmp_path: Path, content: bytes) -> None:
    table = imported(tmp_path, content)
    assert (table.names, table.rows) == (["单位", "数量"], [("甲", 1), ("乙", 2), ("丁", None)])
    assert table.notes["hidden-cells"].where == "column B; row 4"
    assert table.notes["missing-values"].where == "cell C5"
    assert len(imported(tmp_path, content, hidden="include").rows) == 4


def test_days_packed_as_integers_are_dates_by_their_format(tmp_path: Path) -> None:
    """Excel packs whole numbers into four bytes, with the cell's format beside them; the last day takes 22 bits."""
    form = record(44, struct.pack("<H", 164) + text("yyyy/mm/dd"))
    plain, dated = (record(47, struct.pack("<HH", 0, number) + bytes(12)) for number in (0, 164))
    formats = record(615, struct.pack("<I", 1)) + form + record(616)
    styles = record(278) + formats + record(617, struct.pack("<I", 2)) + plain + dated + record(618) + record(279)
    rows: list[list[Any]] = [["人数", "", "起点"], [7, "", 39630], [-8, "", 2958465]]
    content = binary_book(rows, styles=styles)
    table = imported(tmp_path, content)
    assert table.rows == [(7, date(2008, 7, 1)), (-8, date(9999, 12, 31))]
    (tmp_path / "book.xlsb").write_bytes(content)
    read = read_binary_sheets(tmp_path / "book.xlsb", None)
    assert [row[2] for row in read[1:3]] == [datetime(2008, 7, 1), datetime(9999, 12, 31)]  # noqa: DTZ001 - a workbook's


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_the_xml_of_a_workbook_may_be_in_utf16(tmp_path: Path, codec: str) -> None:
    members = {}
    with zipfile.ZipFile(BytesIO(book_of(["name", "城市"], ["Ann", "杭州"]))) as plain:
        for name in plain.namelist():
            xml = plain.read(name).decode()
            members[name] = (xml if xml.startswith("<?xml") else f'<?xml version="1.0"?>{xml}').encode(codec)
    assert imported(tmp_path, archive(members)).rows == [("Ann", "杭州")]


def test_an_open_document_sheet_with_a_password_is_said_to_be_encrypted(tmp_path: Path) -> None:
    assert refused(tmp_path, open_sheet(is_encrypted=True)).code == "file-encrypted"


def test_an_independent_reader_sees_what_is_imported_from_an_open_document_sheet(tmp_path: Path) -> None:
    (tmp_path / "sheet.ods").write_bytes(open_sheet())
    header, *rows = read_opendocument(tmp_path / "sheet.ods", None)
    table = imported(tmp_path, open_sheet(), hidden="include")
    assert header == table.names
    assert rows[:-1] == [list(row) for row in table.rows[:-1]]
    assert (rows[-1], table.rows[-1]) == (["丁", "K-4", "#DIV/0!"], ("丁", "K-4", None))


def test_an_independent_reader_sees_what_is_imported_from_a_binary_workbook(tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    book.add_sheet("其他").write(0, 0, "x")
    sheet = book.add_sheet("数据")
    written: list[list[Any]] = [["单位", "日期", "数量"], ["甲", date(2024, 2, 29), 1.5], ["乙", None, 2.25]]
    for number, row in enumerate(written):
        for column, value in enumerate(row):
            style = xlwt.easyxf(num_format_str="YYYY-MM-DD") if isinstance(value, date) else xlwt.Style.default_style
            if value is not None:
                sheet.write(number, column, value, style)
    book.save(str(tmp_path / "book.xls"))
    header, *read = read_binary_workbook(tmp_path / "book.xls", "数据")
    table = imported(tmp_path, (tmp_path / "book.xls").read_bytes(), sheet="数据")
    assert header == table.names
    assert read == [["甲", datetime(2024, 2, 29), 1.5], ["乙", None, 2.25]]  # noqa: DTZ001 - a workbook's has no zone
    assert table.rows == [("甲", date(2024, 2, 29), Decimal("1.5")), ("乙", None, Decimal("2.25"))]
