"""Bad files: each is refused with its reason and place, and leaves no file behind."""

import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from adapters.contract import SourceError
from adapters.files.deadline import Deadline
from adapters.files.importing import import_file
from adapters.files.options import ImportOptions
from adapters.files.process import import_bounded
from adapters.kind import ImportLimits
from tests.support.imported_files import book_of, old_book_of


def far_corner() -> bytes:
    """A small table, and one cell in the last corner of the sheet: 17 billion cells for who takes them all."""
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append([1, 2])
    book.active.cell(1_048_576, 16_384, "x")
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def parquet(table: pa.Table) -> bytes:
    buffer = BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


def archive(**members: bytes) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return buffer.getvalue()


def lying(**members: bytes) -> bytes:
    """An archive that declares of every member that it unpacks to a hundred bytes."""
    content = bytearray(archive(**members))
    for signature, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = content.find(signature)
        while start >= 0:
            struct.pack_into("<I", content, start + place, 100)
            start = content.find(signature, start + 4)
    return bytes(content)


def one_text_in(cells: int, length: int) -> bytes:
    """A small workbook: one long text, kept once, in so many cells."""
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list("abcdefghij"))
        for row in range(cells // 10):
            sheet.write_row(row + 1, 0, ["x" * length] * 10)
    return buffer.getvalue()


def damaged(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes(200) + content[middle + 200 :]


# The parts of an encrypted workbook that are readable without its password: the container and the stream's name.
LOCKED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1016) + "EncryptedPackage".encode("utf-16-le") + bytes(5000)
GOOD = "编号,姓名,城市\n1,张三,杭州\n2,李四,宁波\n"
BAD: list[tuple[str, bytes | Callable[[], bytes], str, str | None, dict[str, object]]] = [
    ("empty.csv", b"", "file-empty", None, {}),
    ("blank.csv", b"\n\r\n  \n", "file-empty", None, {}),
    ("header only.csv", b"a,b,c\n", "file-empty", None, {}),
    ("only delimiters.csv", b",,\n,,\n", "file-empty", None, {}),
    ("ragged.csv", b"a,b,c\n1,2,3\n4,5\n6,7,8\n9,10,11,12\n", "row-ragged", "lines 3, 5", {}),
    ("many ragged.csv", b"a,b,c\n" + b"1,2\n" * 9, "row-ragged", "lines 2, 3, 4, 5, 6 and 4 more", {}),
    ("ragged after newline.csv", b'a,b\n"x\ny",2\n3\n1,2,3\n', "row-ragged", "lines 4, 5", {}),
    ("only ragged.csv", b"a,b\n" + b"1\n" * 200_000, "row-ragged", "lines 2, 3, 4, 5, 6 and 99996 more", {}),
    ("lone.csv", b"a,b,c\n" + b"x\n" * 30 + b"1,2,3\n", "row-ragged", "rows 2, 3, 4, 5, 6 and 25 more", {}),
    (
        "many lone.csv",
        b"a,b,c\n" + b"x\n" * 110_000 + b"1,2,3\n",
        "row-ragged",
        "rows 2, 3, 4, 5, 6 and 99996 more",
        {},
    ),
    (
        "many blank.csv",
        b"a,b\n1,2\n" + b"\n" * 2_100_000 + b"3,4\n",
        "too-large",
        "rows 3, 4, 5, 6, 7 and 2019994 more",
        {},
    ),
    ("quote.csv", b'a,b\n1,"two\n3,4\n5,6\n', "row-malformed", "line 2", {}),
    ("after quote.csv", b'a,b\n1,2\n3,"x"y"\n', "row-malformed", "line 3", {}),
    ("latin.csv", "name,city\nJosé,Köln\nÅsa,Malmö\n".encode("latin-1"), "encoding-unknown", "line 2", {}),
    ("big5.csv", "姓名,城市\n陳先生,臺北\n黃小姐,高雄\n".encode("big5"), "encoding-unknown", "line 1", {}),
    (
        "broken utf-8.csv",
        GOOD.encode() + b"3,\xe5\xbc,x\n" + "4,王五,嘉兴\n".encode(),
        "encoding-unknown",
        "line 4",
        {},
    ),
    ("cut utf-8.csv", GOOD.encode() + "3,王五,嘉兴".encode()[:-1], "encoding-unknown", "line 4", {}),
    ("not gbk.csv", GOOD.encode(), "encoding-unknown", "line 1", {"encoding": "ascii"}),
    ("marked.csv", b"\xef\xbb\xbfa,b\n1,\xff\n", "encoding-unknown", "line 2", {}),
    ("odd utf-16.txt", b"\xff\xfea\0,\0b\0\n\0\x00\xd8", "encoding-unknown", "line 2", {}),
    ("binary.csv", bytes(range(1, 256)) * 10 + b"\0\1\2\3", "kind-unsupported", "byte 2551", {}),
    ("nul.csv", b"a,b\n1,x\0y\n", "kind-unsupported", "byte 8", {}),
    ("no header.csv", b"1,2020-01-01,x\n2,2020-01-02,y\n", "header-missing", "row 1", {}),
    ("header elsewhere.csv", GOOD.encode(), "header-missing", "row 9", {"header_row": 9}),
    ("page.xls", b"\r\n<html><table><tr><td>1</td></tr></table></html>", "kind-unsupported", None, {}),
    ("sheet.xls", b'<?xml version="1.0"?><Workbook/>', "kind-unsupported", None, {}),
    ("table.pdf", b"%PDF-1.7\n...", "kind-unsupported", None, {}),
    ("table.csv.gz", b"\x1f\x8b\x08\0\0\0\0\0", "kind-unsupported", None, {}),
    ("picture.csv", b"\x89PNG\r\n\x1a\n", "kind-unsupported", None, {}),
    ("archive.zip", archive(a_dot_csv=b"a,b\n1,2\n"), "kind-unsupported", None, {}),
    ("cut.xlsx", book_of(["a", "b"], [1, 2])[:900], "file-unreadable", None, {}),
    ("hollow.xlsx", archive(xl__workbook_dot_xml=b"<x/>"), "file-unreadable", None, {}),
    ("bomb.xlsx", archive(xl__workbook_dot_xml=bytes(3_000_000)), "too-large", None, {"max_bytes": 1_000_000}),
    ("lying bomb.xlsx", lying(xl__workbook_dot_xml=bytes(3_000_000)), "too-large", None, {"max_bytes": 1_000_000}),
    ("one text.xlsx", partial(one_text_in, 2_000, 30_000), "too-large", None, {"max_bytes": 50_000_000}),
    ("cut.xls", old_book_of(["a", "b"], [1, 2])[:3000], "file-unreadable", None, {}),
    ("word.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "file-unreadable", None, {}),
    ("locked.xlsx", LOCKED, "file-encrypted", None, {}),
    ("locked.xls", LOCKED, "file-encrypted", None, {}),
    ("sheetless.xlsx", partial(book_of, ["a"], [1]), "sheet-missing", 'sheet "二月"', {"sheet": "二月"}),
    ("empty sheet.xlsx", book_of(["a"], [1], extra="空"), "file-empty", 'sheet "空"', {"sheet": "空"}),
    ("empty.xlsx", book_of(), "file-empty", None, {}),
    ("only header.xlsx", partial(book_of, ["a", "b"]), "file-empty", None, {}),
    ("numbers.xlsx", partial(book_of, [1, 2], [3, 4]), "header-missing", "row 1", {}),
    ("far corner.xlsx", far_corner, "too-large", None, {}),
    ("cut.parquet", parquet(pa.table({"a": [1]}))[:-8], "file-unreadable", None, {}),
    ("damaged.parquet", damaged(parquet(pa.table({"a": list(range(5000))}))), "file-unreadable", None, {}),
    ("binary.parquet", parquet(pa.table({"a": [b"\xff"]})), "type-unsupported", None, {}),
    ("twins.parquet", parquet(pa.table([[1], [2]], names=["a", "a "])), "header-missing", 'column "a"', {}),
    ("line.jsonl", b'{"a":1}\n{"a":2\n', "row-malformed", "line 2", {}),
    ("mixed.jsonl", b'{"a":1}\n\n[1]\n', "row-malformed", "line 3", {}),
    ("array.json", b'[{"a":1},2]', "row-malformed", "element 2", {}),
    ("cut.json", b'[{"a":1},\n{"a":', "row-malformed", "line 2", {}),
    ("twins.jsonl", b'{"a":1}\n{"a":1,"a":2}\n', "row-malformed", "line 2", {}),
    ("twins inside.jsonl", b'{"a":1}\n\n{"a":{"b":1,"b":2}}\n', "row-malformed", "line 3", {}),
    ("twins.json", b'[{"a":"x:y"},\n{"a":1} , {"a":1,"a":2}]', "row-malformed", "element 3", {}),
    ("keyless.jsonl", b"{}\n{}\n", "file-empty", None, {}),
    ("too large.csv", GOOD.encode() * 100, "too-large", None, {"max_bytes": 1000}),
    ("wide.csv", b",".join(b"c%d" % n for n in range(501)) + b"\n" + b"1," * 500 + b"1\n", "too-large", None, {}),
    ("long cell.csv", b"a,b\n1,2\n3," + b"x" * (2**20 + 1) + b"\n", "too-large", "line 3", {}),
    ("forced.csv", b"a,b\n1,2\nx,3\n4,4\ny,5\n", "value-unfit", "rows 3, 5", {"types": {"a": "integer"}}),
    ("no date.csv", b"a,b\n2023-02-30,2\n2023-02-28,1\n", "value-unfit", "row 2", {"types": {"a": "date"}}),
    ("forced unknown.csv", b"a,b\n1,2\n", "option-invalid", None, {"types": {"z": "integer"}}),
]


# Two million lines.
LARGE = ("many blank.csv",)
# Takes more memory than there is, unless its import is bounded.
HOSTILE = ("far corner.xlsx",)


@pytest.mark.parametrize(
    ("name", "content", "code", "where", "options"),
    [pytest.param(*case, id=case[0], marks=[pytest.mark.endurance] if case[0] in LARGE else []) for case in BAD],
)
def test_a_bad_file_is_refused_with_its_reason_and_place(
    tmp_path: Path,
    name: str,
    content: bytes | Callable[[], bytes],
    code: str,
    where: str | None,
    options: dict[str, object],
) -> None:
    path, directory = tmp_path / name, tmp_path / "snapshots"
    path.write_bytes(content if isinstance(content, bytes) else content())
    parsed = ImportOptions(**options)  # type: ignore[arg-type]
    read = partial(import_bounded, limits=ImportLimits()) if name in HOSTILE else import_file
    with pytest.raises(SourceError) as caught:
        read(path, directory, options=parsed)
    assert (caught.value.code, caught.value.where) == (code, where), caught.value.detail
    assert caught.value.detail
    assert list(directory.glob("*")) == []


def test_a_missing_file_or_a_directory_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nobody.csv", tmp_path):
        with pytest.raises(SourceError) as caught:
            import_file(path, tmp_path / "snapshots")
        assert caught.value.code == "file-unreadable"


@pytest.mark.parametrize(
    "make",
    [
        lambda: ImportOptions(encoding="no-such"),
        lambda: ImportOptions(delimiter=",,"),
        lambda: ImportOptions(delimiter='"'),
        lambda: ImportOptions(header_row=-1),
        lambda: ImportOptions(time_zone="Mars/Olympus"),
        lambda: ImportOptions(time_zone="../../etc/passwd"),
        lambda: ImportOptions(types={"a": "colour"}),  # type: ignore[dict-item]
        lambda: ImportOptions(ragged="drop"),  # type: ignore[arg-type]
    ],
)
def test_invalid_options_are_refused(make: Callable[[], ImportOptions]) -> None:
    with pytest.raises(SourceError) as caught:
        make()
    assert caught.value.code == "option-invalid"


@pytest.mark.parametrize("name", ["a.csv", "a.json"])
def test_an_import_ends_at_its_deadline(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text('[{"a": 1}]' if name == "a.json" else "a,b\n1,2\n")
    with pytest.raises(SourceError) as caught:
        import_file(path, tmp_path / "snapshots", deadline=Deadline(-1))
    assert caught.value.code == "too-large"
    assert not list((tmp_path / "snapshots").iterdir())


def test_many_blank_lines_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2\n" + b"\n" * 300_000 + b"3,4\n")
    assert import_file(path, tmp_path / "snapshots").description.rows == 2


def test_no_error_quotes_a_cell(tmp_path: Path) -> None:
    secret = "330106199001011234"
    for name, text in [
        ("ragged", f"a,b\n{secret}\n{secret},1,{secret}\n"),
        ("quote", f'a,b\n"{secret},1\n'),
        ("malformed", f'a,b\n"{secret}"x,1\n'),
        ("json", f'{{"a":"{secret}"}}\n{{"a":"{secret}\n'),
        ("forced", f"a,b\n{secret}x,1\n"),
    ]:
        path = tmp_path / name
        path.write_text(text)
        options = ImportOptions(types={"a": "integer"} if name == "forced" else {})
        with pytest.raises(SourceError) as caught:
            import_file(path, tmp_path / "snapshots", options=options)
        assert secret not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_damaged_file_is_read_or_raises_a_source_error(tmp_path: Path) -> None:
    sources = {
        "a.xlsx": book_of(["编号", "姓名"], *[[n, f"人{n}"] for n in range(50)]),
        "a.xls": old_book_of(["编号", "姓名"], *[[n, f"人{n}"] for n in range(50)]),
        "a.parquet": parquet(pa.table({"a": list(range(500)), "b": [f"人{n}" for n in range(500)]})),
        "a.csv": (GOOD * 5).encode(),
        "a.gbk.csv": (GOOD * 5).encode("gb18030"),
    }
    for name, content in sources.items():
        for seed in range(3 if name[-1] in "xs" else 12):
            place = struct.unpack("<I", (seed * 2_654_435_761 & 0xFFFFFFFF).to_bytes(4, "little"))[0] % len(content)
            bent = (
                content[:place] + bytes([seed * 37 & 255]) * 9 + content[place + 9 :] if seed % 3 else content[:place]
            )
            path = tmp_path / name
            path.write_bytes(bent)
            with suppress(SourceError):
                if name[-1] in "xs":
                    imported = import_bounded(path, tmp_path / "snapshots", ImportOptions(), ImportLimits())
                else:
                    imported = import_file(path, tmp_path / "snapshots")
                assert imported.description.fields
