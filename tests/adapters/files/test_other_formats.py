"""Files of formats that are not read: refused for what they are, not published as a column of markup."""

from pathlib import Path

import pytest

from tests.support.imported_files import imported, refused

ARCHIVE = (
    'From: <Saved by Excel>\nSubject: \nMIME-Version: 1.0\nContent-Type: multipart/related; boundary="x"\n\n--x\n'
    "Content-Type: text/html\n\n<html><body><table><tr><td>1</td></tr></table></body></html>\n--x--\n"
)


@pytest.mark.parametrize(
    "content",
    [
        "<div><table>\n<tr><td>名称</td><td>数量</td></tr>\n<tr><td>甲</td><td>1</td></tr>\n</table></div>\n",
        *(f"<{name}>\n1\n</{name}>\n" for name in ("body", "center", "tr", "TABLE", "records", "ss:Workbook")),
        '<link rel="x">\n<p>1',
        "<!-- made by a system -->\n<table></table>",
        "\ufeff \n<TABLE border=1>\n<TR><TD>1\n",
        '<data xmlns="urn:x"><row/></data>',
        ARCHIVE,
        ARCHIVE.replace("\n", "\r\n"),
        "ID;PWXL;N;E\nC;Y1;X1;K1\n",
        'TABLE\n0,1\n"EXCEL"\nVECTORS\n0,2\n""\n',
        b"\xfd7zXZ\0\0\4",
        b"\0\1\0\0Standard Jet DB\0",
        b"x" * 257 + b"ustar\0",
    ],
)
def test_other_formats_are_refused_for_what_they_are(tmp_path: Path, content: str | bytes) -> None:
    error = refused(tmp_path, content)
    assert error.code == "kind-unsupported"
    assert error.detail.startswith("this is ")


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("<DATE>,<OPEN>\n20240101,1\n20240102,2\n", ["<DATE>", "<OPEN>"]),
        ("a,b\n<b>x</b>,1\n<i>y</i>,2\n", ["a", "b"]),
        ("Note: x,b\n1,2\n3,y\n", ["Note: x", "b"]),
    ],
)
def test_angle_brackets_and_colons_in_a_table_are_no_markup(tmp_path: Path, content: str, names: list[str]) -> None:
    assert imported(tmp_path, content).names == names
