"""Terms in a file mean what their owner wrote: no YAML value becomes another type, and nothing is read twice."""

from pathlib import Path

import pytest

from data_exchange_client.errors import CannotDo
from data_exchange_client.publishing.terms_file import find_line, read_terms


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_values_are_read_as_json_has_them(tmp_path: Path) -> None:
    text = (
        "masks:\n  姓名: {kind: partial, keep_start: 1, keep_end: 0}\n"
        "row_filter: {field: code, op: in, value: [0571, no, 2024-01-31, 1_000, 12:30, 010, 0x1f]}\n"
        "resharing: true\nmin_group: null\nrow_cap: 50\nnot_after: 2027-06-30\n"
    )
    assert read_terms(write(tmp_path / "t.yaml", text)) == {
        "masks": {"姓名": {"kind": "partial", "keep_start": 1, "keep_end": 0}},
        "row_filter": {
            "field": "code",
            "op": "in",
            "value": ["0571", "no", "2024-01-31", "1_000", "12:30", "010", "0x1f"],
        },
        "resharing": True,
        "min_group": None,
        "row_cap": 50,
        "not_after": "2027-06-30T23:59:59+08:00",
    }


def test_json_and_the_member_of_a_document_are_read(tmp_path: Path) -> None:
    assert read_terms(write(tmp_path / "t.json", '{"terms": {"row_cap": 1}}')) == {"row_cap": 1}
    assert read_terms(write(tmp_path / "t.yml", '{"row_cap": 1, "purposes": ["a"]}')) == {
        "row_cap": 1,
        "purposes": ["a"],
    }


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.yaml", "masks:\n  a: 1\n  a: 2\n", "'a' stands twice"),
        ("t.json", '{"a": 1, "a": 2}', "'a' stands twice"),
        ("t.yaml", "a: [1\n", "line 2"),
        ("t.json", "{", "line 1"),
        ("t.yaml", "- 1\n", "holds no terms"),
        ("t.yaml", "", "holds no terms"),
        ("t.yaml", "1: a\n", "a name is text"),
        ("t.yaml", "a: !!python/object:os.system {}\n", "python"),
        ("t.yaml", "not_after: 2027-02-30\n", "not_after"),
    ],
)
def test_a_file_that_means_nothing_is_refused_with_the_place(tmp_path: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(CannotDo) as refused:
        read_terms(write(tmp_path / name, text))
    assert words in str(refused.value)
    assert name in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotDo, match=r"absent\.yaml"):
        read_terms(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("t.yaml", "row_cap: 5\nconsumers:\n  groups:\n  - kinds: [bank]\n", 4),
        ("t.yaml", "terms:\n  consumers:\n    groups:\n    - {kinds: [bank]}\n", 4),
        ("t.yaml", "consumers:\n  levels: [province]\n", 1),
        ("t.yaml", "row_cap: 5\n", None),
        ("t.json", '{\n\t"consumers": {\n\t\t"groups": [\n\t\t\t{"kinds": ["bank"]}\n\t\t]\n\t}\n}', 4),
        ("t.yaml", "consumers: [\n", None),
        ("t.json", "{" + '"a":{' * 5_000, None),
    ],
)
def test_a_member_has_a_line_or_that_of_its_nearest_parent(
    tmp_path: Path, name: str, text: str, line: int | None
) -> None:
    assert find_line(write(tmp_path / name, text), ["consumers", "groups", "0", "kinds"]) == line


def test_a_file_that_is_gone_has_no_lines(tmp_path: Path) -> None:
    assert find_line(tmp_path / "gone.yaml", ["row_cap"]) is None
