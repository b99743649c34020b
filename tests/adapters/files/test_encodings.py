"""Encodings: found where a text reads like Chinese or like UTF-16, else stated from a list."""

from pathlib import Path

import pytest

from adapters.contract import SourceError
from adapters.files.encodings import ENCODINGS, find_codec
from adapters.files.options import ImportOptions
from tests.support.imported_files import imported, refused

KOREAN = "이름,소속,비고\n김철수,서울특별시,없음\n이영희,부산광역시,미지정\n박민수,대구광역시,미지정\n"
JAPANESE = "番号,氏名,住所\n1,山田太郎,東京都千代田区\n2,佐藤花子,大阪府大阪市北区\n3,鈴木一郎,神奈川県横浜市\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(KOREAN, "euc_kr"), (KOREAN, "cp949"), (JAPANESE, "euc_jp"), ("番号,名\n1,これは\n2,ペン\n", "euc_jp")],
)
def test_korean_and_japanese_are_not_read_as_chinese(tmp_path: Path, text: str, encoding: str) -> None:
    assert refused(tmp_path, text.encode(encoding)).code == "encoding-unknown"
    table = imported(tmp_path, text.encode(encoding), encoding=encoding)
    assert table.names == text.splitlines()[0].split(",")


@pytest.mark.parametrize(
    "text",
    [
        "姓名,备注\n陈皓轩,诸葛瑾\n欧阳菲,司徒颖\n尉迟恭,皇甫嵩\n霍去病,翟鸿燊\n",
        "水果,价\n苹果,3\n香蕉,4\n葡萄,5\n樱桃,6\n柠檬,7\n红枣,8\n",
        "a,b\n李四,1\n",
    ],
)
def test_rare_characters_are_still_chinese(tmp_path: Path, text: str) -> None:
    table = imported(tmp_path, text.encode("gb18030"))
    assert table.notes["encoding"].text == "the text is GB18030"
    assert table.names == text.splitlines()[0].split(",")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["编号,学校\n1,第一中学\n2,一一一\n", "name,city\nAnn,Rome\n", "编号,名\n一,一\n"])
def test_utf16_without_a_mark_may_have_ideographs_whose_low_byte_is_zero(
    tmp_path: Path, encoding: str, text: str
) -> None:
    table = imported(tmp_path, text.encode(encoding))
    assert table.names == text.splitlines()[0].split(",")
    assert len(table.rows) == text.count("\n") - 1


@pytest.mark.parametrize("text", ["name,city\nJosé,Köln\n", "编号,名称\n1,第一\n"])
def test_gb18030_may_begin_with_its_own_mark(tmp_path: Path, text: str) -> None:
    table = imported(tmp_path, b"\x84\x31\x95\x33" + text.encode("gb18030"))
    assert table.names == text.splitlines()[0].split(",")


@pytest.mark.parametrize(
    "encoding", ["punycode", "undefined", "unicode_escape", "idna", "rot13", "base64", "zip", "a\0"]
)
def test_codecs_that_are_no_encodings_of_text_are_refused_with_the_list(encoding: str) -> None:
    with pytest.raises(SourceError) as caught:
        ImportOptions(encoding=encoding)
    assert caught.value.code == "option-invalid"
    assert "gb18030" in caught.value.detail


def test_every_encoding_of_the_list_is_found_under_its_names() -> None:
    assert {find_codec(name) for name in ENCODINGS} == set(ENCODINGS)
    assert find_codec("Latin1") == find_codec("ISO_8859-1") == "iso8859-1"
    assert find_codec("GB2312") == "gb2312"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8"])
@pytest.mark.parametrize("is_marked", [True, False])
def test_a_stated_encoding_needs_no_mark_and_takes_one_off(tmp_path: Path, encoding: str, is_marked: bool) -> None:  # noqa: FBT001
    codec = encoding if encoding[-1] in "e8" else f"{encoding}-le"
    text = ("\ufeff" if is_marked else "") + '"name",city\nAnn,第一\n'
    table = imported(tmp_path, text.encode(codec), encoding=encoding)
    assert (table.names, table.rows) == (["name", "city"], [("Ann", "第一")])


def test_bytes_that_do_not_fit_the_stated_encoding_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, b"\xff\xfea\0,\0b\0\n\0\x00\xd8", encoding="utf-16").code == "encoding-unknown"
    assert refused(tmp_path, b"a,b\n1", encoding="utf-16").code == "encoding-unknown"
