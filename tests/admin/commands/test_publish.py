"""`exchange publish`: a file is published, or one line reports what is wrong with it and where."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt

from admin.data_directory import DataDirectory
from data_exchange_client.api import Client
from tests.support.owner_modules import module_with_cap
from tests.support.processes.commands import CommandResult, run_in_process

OWNER = "demo-education"
_ROWS = [("学校名称", "学校标识码", "办学层次"), ("浙江大学", "4133010335", "本科"), ("宁波大学", "4133011646", "本科")]


@pytest.fixture
def publish(served: tuple[DataDirectory, str]) -> Any:
    directory, _ = served

    def run(
        file: Path, *options: str, owner: str = OWNER, title: str = "A table", answer: str | None = None
    ) -> CommandResult:
        arguments = ["publish", str(file), "--owner", owner, "--title", title, "--data", str(directory.path), *options]
        return run_in_process(*arguments, answer=answer) if answer is not None else run_in_process(*arguments, "--yes")

    return run


def as_text(encoding: str) -> bytes:
    return "\n".join(",".join(row) for row in _ROWS).encode(encoding) + b"\n"


def write_xlsx(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("2025")
        sheet.merge_range(0, 0, 0, 2, "高等学校名单（截至 2025 年）")
        for number, row in enumerate(_ROWS, 1):
            sheet.write_row(number, 0, row)


def write_xls(path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("2025")
    for number, row in enumerate(_ROWS):
        for column, value in enumerate(row):
            sheet.write(number, column, value)
    book.save(str(path))


def write_parquet(path: Path) -> None:
    names, *rows = _ROWS
    pq.write_table(pa.table([list(column) for column in zip(*rows, strict=True)], names=list(names)), path)


def write_json(path: Path) -> None:
    path.write_text('{"学校名称":"浙江大学","学校标识码":"4133010335","办学层次":"本科"}\n' * 2)


_KINDS = {
    "utf-8.csv": lambda path: path.write_bytes(as_text("utf-8-sig")),
    "gb18030.csv": lambda path: path.write_bytes(as_text("gb18030")),
    "book.xlsx": write_xlsx,
    "old.xls": write_xls,
    "columns.parquet": write_parquet,
    "lines.jsonl": write_json,
}


@pytest.mark.parametrize("name", _KINDS)
def test_files_of_every_kind_are_published(
    name: str, tmp_path: Path, publish: Any, served: tuple[DataDirectory, str]
) -> None:
    file = tmp_path / name
    _KINDS[name](file)
    handle = name.replace(".", "-")
    result = publish(file, "--handle", handle)
    assert result.status == 0, result.err
    assert f"Published: {OWNER}/{handle}, version 1." in result.out
    assert "学校名称" in result.out

    _, url = served
    with Client(url) as anyone:
        listed = [node.get("dct:identifier") for node in anyone.catalogue()["@graph"]]
    assert f"{OWNER}/{handle}" in listed


def test_people_are_masked_unless_the_publisher_corrects_a_guess(
    tmp_path: Path, publish: Any, served: tuple[DataDirectory, str]
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("person_id,姓名,性别,联系人,mark\nP001,陈一,女,甲,1\nP002,林二,男,乙,2\n")
    result = publish(file, "--clear", "联系人", "--personal", "mark", "--handle", "people")
    assert result.status == 0, result.err
    directory, url = served
    with Client(url, directory.steward_key(OWNER)) as steward:
        document = steward.request("GET", f"/api/v1/datasets/by-handle/{OWNER}/people").json()["document"]
    assert document["terms"]["masks"] == {
        "person_id": {"kind": "hash"},
        "姓名": {"kind": "partial", "keep_start": 1, "keep_end": 0},
        "性别": {"kind": "null"}
        if "性别" in _sensitive(document)
        else {"kind": "partial", "keep_start": 1, "keep_end": 0},
        "mark": {"kind": "bucket", "size": 10},
    }
    assert "陈一 → 陈*" in result.out
    assert "at most 50 % kept" in result.out
    assert "--impact-assessment REPORT" in result.out
    assert [field["name"] for field in document["fields"] if field["subject_key"]] == ["person_id"]


def _sensitive(document: dict[str, Any]) -> list[str]:
    return [field["name"] for field in document["fields"] if field["sensitive"]]


_BROKEN = {
    "ragged": (b"a,b\n1,2\n3\n4,5\n", (), "row-ragged"),
    "empty": (b"", (), "is empty"),
    "a document": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", (), "kind-unsupported"),
    "no such field": (b"a,b\n1,2\n", ("--clear", "c"), "no field c"),
    "no such encoding": (b"a,b\n1,2\n", ("--encoding", "klingon"), "option-invalid"),
    "not a handle": (b"a,b\n1,2\n", ("--handle", "Not A Handle"), "not valid"),
    "taken": (b"a,b\n1,2\n", ("--handle", "universities"), "already"),
}


@pytest.mark.parametrize("name", _BROKEN)
def test_an_error_of_publishing_is_one_line(name: str, tmp_path: Path, publish: Any) -> None:
    content, options, words = _BROKEN[name]
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    result = publish(file, *options)
    assert result.status == 1
    first, *others = result.err.strip().splitlines()
    assert first.startswith("error: ")
    assert words in first
    assert len(others) <= 1


def test_a_ragged_row_is_named_and_can_be_accepted(tmp_path: Path, publish: Any) -> None:
    file = tmp_path / "ragged.csv"
    file.write_text("a,b\n1,2\n3\n4,5\n")
    assert "3" in publish(file).err
    assert publish(file, "--pad", "--handle", "padded").status == 0


def test_titles_that_are_not_text_are_refused(tmp_path: Path, publish: Any) -> None:
    file = tmp_path / "table.csv"
    file.write_text("学校,年份\n浙江大学,2020\n", encoding="utf-8")
    result = publish(file, title="No text \udcff")
    assert (result.status, "is no text" in result.err) == (1, True)
    result = publish(file, title="A command \x1b[2J")
    assert (result.status, "control characters" in result.err) == (1, True)


def test_a_missing_sheet_is_named(tmp_path: Path, publish: Any) -> None:
    file = tmp_path / "book.xlsx"
    write_xlsx(file)
    result = publish(file, "--sheet", "2024")
    assert result.status == 1
    assert "sheet-missing" in result.err


@pytest.mark.parametrize("owner", ["nobody", "operator", "exchange", "demo-platform-system", "../keys/demo-education"])
def test_an_unknown_owner_is_answered_with_the_known_ones(owner: str, tmp_path: Path, publish: Any) -> None:
    file = tmp_path / "table.csv"
    file.write_text("a,b\n1,2\n")
    result = publish(file, owner=owner)
    assert result.status == 1
    assert "demo-civil-affairs, demo-education, demo-human-resources, demo-platform" in result.err


@pytest.mark.parametrize("path", ["missing.csv", "."])
def test_a_path_that_is_no_file_is_reported(path: str, tmp_path: Path, publish: Any) -> None:
    result = publish(tmp_path / path)
    assert result.status == 1
    assert result.err.startswith("error: ")


@pytest.mark.parametrize(("answer", "status"), [("n\n", 1), ("", 1), ("y\n", 0)])
def test_nothing_is_published_without_a_yes(
    answer: str, status: int, tmp_path: Path, publish: Any, served: tuple[DataDirectory, str]
) -> None:
    file = tmp_path / "asked.csv"
    file.write_text("a,b\n1,2\n")
    result = publish(file, "--handle", "asked", title="asked", answer=answer)
    assert result.status == status, result.out + result.err
    directory, url = served
    with Client(url, directory.steward_key(OWNER)) as steward:
        sources = [source for source in steward.request("GET", "/api/v1/sources").json() if source["title"] == "asked"]
        datasets = [dataset["handle"] for dataset in steward.request("GET", "/api/v1/datasets").json()]
    assert sources[-1]["state"] == ("ready" if status == 0 else "withdrawn")
    assert ("asked" in datasets) is (status == 0)


def test_a_module_of_ones_own_goes_with_it(served: tuple[DataDirectory, str], publish: Any, tmp_path: Path) -> None:
    directory, url = served
    file, table = tmp_path / "cap.rego", tmp_path / "capped.csv"
    module = module_with_cap(1)
    file.write_text(module.text, encoding="utf-8")
    (tmp_path / "cap_test.rego").write_text(module.tests, encoding="utf-8")
    table.write_bytes(as_text("utf-8"))
    early = publish(table, "--module", module.digest, title="Capped")
    assert (early.status, "terms/module: the dataset's owner has no such module" in early.err) == (1, True)
    submit = ["policy", "module", str(file), "--as", OWNER, "--data", str(directory.path)]
    assert run_in_process(*submit).out.startswith(f"{module.digest}  accepted, checked by regorus/")
    file.write_text(f"{module.text}x := opa.runtime()\n", encoding="utf-8")
    refused = run_in_process(*submit)
    assert (refused.status, "owner.rego:4: opa.runtime may not be called" in refused.err) == (1, True)
    assert publish(table, "--module", module.digest, title="Capped").status == 0
    with Client(url, directory.steward_key(OWNER), trust=directory.trust()) as client:
        dataset = client.request("GET", f"/api/v1/datasets/by-handle/{OWNER}/capped").json()
    assert dataset["document"]["terms"]["module"] == module.digest


def test_telephones_with_a_country_leave_as_pseudonyms(
    tmp_path: Path, publish: Any, served: tuple[DataDirectory, str]
) -> None:
    """A telephone number that is read as a number must not leave in ranges that show all but its last digit."""
    file = tmp_path / "ph.csv"
    file.write_text(
        "id,phone,账号,工号\n1,+8613800000001,6222021234567890,330106\n2,+8613800000017,6222021234567891,330107\n"
    )
    result = publish(file, "--handle", "ph")
    assert result.status == 0, result.err
    assert "13800000001 → " in result.out
    directory, url = served
    with Client(url, directory.steward_key(OWNER)) as steward:
        document = steward.request("GET", f"/api/v1/datasets/by-handle/{OWNER}/ph").json()["document"]
    assert document["terms"]["masks"] == {name: {"kind": "hash"} for name in ("phone", "账号", "工号")}


def test_publishing_again_says_how_to_update(tmp_path: Path, publish: Any) -> None:
    file = tmp_path / "twice.csv"
    file.write_text("a,b\n1,2\n")
    assert publish(file, "--handle", "twice").status == 0
    result = publish(file, "--handle", "twice")
    assert result.status == 1
    assert "--update publishes its next version" in result.err
    file.write_text("a,b,c\n1,2,3\n")
    updated = publish(file, "--handle", "twice", "--update", title="A table")
    assert updated.status == 0, updated.err
    assert "new field: c" in updated.out
    assert "version 2." in updated.out
