"""An owner publishes from its own machine: over HTTP only, with its own key, and without the exchange's directory."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from typer.testing import CliRunner

from admin.data_directory import DataDirectory
from data_exchange_client.api import Client
from data_exchange_client.commands.main import app
from data_exchange_client.publishing.sources import FileSource
from tests.support.processes.commands import CommandResult

OWNER = "demo-education"
Run = Callable[..., CommandResult]


@pytest.fixture
def run(served: tuple[DataDirectory, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`exchange-client` as a steward runs it, in a directory that holds the key and nothing of the exchange."""
    directory, url = served
    shutil.copy(directory.key_file(OWNER), tmp_path / "steward.pem")
    monkeypatch.chdir(tmp_path)

    def invoke(*words: str | Path, answer: str = "") -> CommandResult:
        environment = {"EXCHANGE_URL": url, "EXCHANGE_KEY": "steward.pem", "COLUMNS": "200"}
        result = CliRunner(env=environment).invoke(app, [str(word) for word in words], input=answer)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return CommandResult(result.exit_code, result.stdout, result.stderr)

    return invoke


@pytest.fixture
def read(served: tuple[DataDirectory, str]) -> Callable[[str], dict[str, Any]]:
    directory, url = served

    def read_dataset(handle: str) -> dict[str, Any]:
        with Client(url, directory.steward_key(OWNER)) as steward:
            return dict(steward.request("GET", f"/api/v1/datasets/by-handle/{OWNER}/{handle}").json())

    return read_dataset


def test_a_publication_that_was_killed_is_published_by_the_same_command(
    run: Run, read: Any, tmp_path: Path, served: tuple[DataDirectory, str]
) -> None:
    """Killed at its question, it leaves a draft; the same command replaces it, and another title is still refused."""
    table = write(tmp_path / "left.csv", "town,count\na,1\nb,2\n")
    words = ("publish", table.name, "--title", "Left behind", "--handle", "left-behind")
    environment = {**os.environ, "EXCHANGE_URL": served[1], "EXCHANGE_KEY": "steward.pem"}
    command = [sys.executable, "-m", "data_exchange_client", *words]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as killed:
        assert killed.stdout is not None
        shown = b""
        while b"Publish it like this?" not in shown:
            piece = os.read(killed.stdout.fileno(), 4096)
            assert piece, shown
            shown += piece
        killed.kill()
    left = read("left-behind")
    assert left["state"] == "draft"
    other = run("publish", table.name, "--title", "Another", "--handle", "left-behind", "--yes")
    assert other.status == 1
    assert "is a draft already" in other.err
    again = run(*words, "--yes")
    assert again.status == 0, again.err
    assert "which this one replaces" in again.out
    published = read("left-behind")
    assert (published["id"], published["state"], published["version"]) == (left["id"], "published", 1)
    directory, url = served
    with Client(url, directory.steward_key(OWNER)) as steward:
        assert steward.request("GET", f"/api/v1/sources/{left['source']}").json()["state"] == "withdrawn"


def test_what_a_publication_killed_during_its_upload_left_is_withdrawn_by_the_next(
    run: Run, read: Any, tmp_path: Path, served: tuple[DataDirectory, str]
) -> None:
    """A source without content, and one whose file had arrived; those of others' titles and of datasets stay."""
    table = write(tmp_path / "cut.csv", "town,count\na,1\nb,2\n")
    assert run("publish", table.name, "--title", "Cut", "--handle", "cut-before", "--yes").status == 0
    directory, url = served
    with Client(url, directory.steward_key(OWNER)) as steward:
        organisation = steward.request("GET", "/api/v1/me").json()["organisation"]["id"]

        def register(title: str) -> str:
            new = {"organisation": organisation, "source": FileSource(table).document(title, {})}
            return str(steward.request("POST", "/api/v1/sources", json=new).json()["id"])

        def state(source: str) -> str:
            return str(steward.request("GET", f"/api/v1/sources/{source}").json()["state"])

        empty, whole, other = register("Cut"), register("Cut"), register("Another")
        FileSource(table).upload(steward, whole)
        declined = run("publish", table.name, "--title", "Cut", "--handle", "cut-after", answer="n\n")
        assert (declined.status, state(empty), state(whole)) == (1, "registered", "ready")
        published = run("publish", table.name, "--title", "Cut", "--handle", "cut-after", "--yes")
        assert published.status == 0, published.err
        assert "2 unused, of an earlier run" in published.out
        assert [state(source) for source in (empty, whole, other)] == ["withdrawn", "withdrawn", "registered"]
        assert {state(read(handle)["source"]) for handle in ("cut-before", "cut-after")} == {"ready"}


def test_a_description_has_the_version_of_the_content(run: Run, tmp_path: Path) -> None:
    table = write(tmp_path / "counted.csv", "town,count\na,1\nb,2\n")
    assert run("publish", table.name, "--title", "Counted", "--yes").status == 0
    assert re.search(r"content\s+1, of 20", run("describe", "counted").out)
    assert run("refresh", "counted", write(tmp_path / "next.csv", "town,count\na,1\nb,3\n").name).status == 0
    assert re.search(r"content\s+2, of 20", run("describe", "counted").out)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_published_under_terms_of_a_file(run: Run, read: Any, tmp_path: Path) -> None:
    table = write(tmp_path / "people.csv", "工号,姓名,city,年份\n1001,王小明,330100,0571\n1002,李四,330200,0572\n")
    terms = write(
        tmp_path / "terms.yaml",
        "purposes: [talent-service]\n"
        "masks:\n  姓名: {kind: 'null'}\n"
        "row_filter: city = '330100'\n"
        "consumers:\n  organisations: [demo-platform]\n"
        "rate: {requests: 5, per: hour}\n"
        "not_after: 2031-12-31\n"
        "row_cap: 50\n",
    )
    result = run("publish", table, "--title", "Citizens", "--terms", terms, "--types", "city=string", "--yes")
    assert result.status == 0, result.err
    assert "Published: demo-education/citizens, version 1." in result.out
    document = read("citizens")["document"]
    assert document["terms"]["masks"] == {"工号": {"kind": "hash"}, "姓名": {"kind": "null"}}
    assert document["terms"]["row_filter"] == {"field": "city", "op": "eq", "value": "330100"}
    assert document["terms"]["rate"] == {"requests": 5, "per": "hour"}
    assert document["terms"]["not_after"].startswith("2031-12-31T")
    assert len(document["terms"]["consumers"]["organisations"]) == 1
    assert (document["terms"]["purposes"], document["terms"]["row_cap"]) == (["talent-service"], 50)


def test_the_next_version_keeps_what_was_stated_and_shows_what_changes(run: Run, read: Any, tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "姓名,score\n王小明,1.5\n李四,2.5\n")
    masks = write(tmp_path / "terms.json", json.dumps({"masks": {"姓名": {"kind": "null"}}, "row_cap": 7}))
    assert run("publish", table, "--title", "Scores", "--terms", masks, "--yes").status == 0
    write(table, "姓名,score,手机\n王小明,1,13800000001\n李四,2,13800000002\n")
    result = run("publish", table, "--handle", "scores", "--update", answer="n\n")
    assert result.status == 1
    assert "Nothing was published" in result.out
    assert "score becomes" not in result.out  # whole numbers are read by the published type
    assert read("scores")["version"] == 1
    updated = run("publish", table, "--handle", "scores", "--update", answer="y\ny\n")
    assert updated.status == 0, updated.err
    assert "new field: 手机" in updated.out
    assert "No running agreement changes" in updated.out
    dataset = read("scores")
    terms = dataset["document"]["terms"]
    assert (dataset["version"], terms["row_cap"], terms["fields"]) == (2, 7, ["姓名", "score", "手机"])
    assert terms["masks"] == {"姓名": {"kind": "null"}, "手机": {"kind": "hash"}}
    assert {field["name"]: field["type"] for field in dataset["document"]["fields"]}["score"] == "number"


def test_content_is_refreshed_and_a_dataset_withdrawn(run: Run, read: Any, tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "a,b\n1.5,x\n2,y\n")
    assert run("publish", table, "--title", "Fresh", "--yes").status == 0
    write(table, "a,b\n1,x\n2,y\n3,5\n")  # whole numbers, which are read by the published types
    refreshed = run("refresh", f"{OWNER}/fresh", table)
    assert (refreshed.status, "3 rows" in refreshed.out) == (0, True), refreshed.err
    assert read("fresh")["version"] == 1
    write(table, "c\n1\n")
    refused = run("refresh", "fresh", table)
    assert refused.status == 1
    assert 'the source has no field "a"' in refused.err
    assert "publish FILE --handle fresh --update" in refused.err
    result = run("withdraw", "fresh", "--reason", "x")  # nobody answered
    assert (result.status, "0 agreements end for good" in result.out) == (1, True), result
    withdrawn_id = read("fresh")["id"]
    assert read("fresh")["state"] == "published"
    withdrawn = run("withdraw", "fresh", "--reason", "replaced", "--yes")
    assert (withdrawn.status, "ledger as entry" in withdrawn.out) == (0, True), withdrawn.err
    refused = run("refresh", withdrawn_id, table)
    assert (refused.status, "it is withdrawn" in refused.err) == (1, True), refused.err
    result = run("publish", write(table, "a,b\n1,x\n"), "--title", "Fresh", "--yes")
    assert result.status == 0, result.err  # a withdrawn dataset gives its handle back
    assert (read("fresh")["state"], read("fresh")["version"]) == ("published", 1)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ("row_cap: 5\nrate: {requests: 5, per: week}\n", "terms.yaml, line 2: rate/per"),
        ("purposes: [Bad Purpose]\n", "terms.yaml, line 1: purposes/0"),
        ("row_cap: 5\nrow_filter: town = 'x'\n", "terms.yaml, line 2: row_filter"),
        ("row_filter: 姓名 = 'x'\n", '("学校")'),
        ("row_filter: code ==\n", "terms.yaml, line 1: row_filter"),
        ("masks:\n  nobody: {kind: hash}\n", "terms.yaml, line 2: masks/nobody"),
    ],
)
def test_faults_of_terms_are_shown_before_the_question(run: Run, tmp_path: Path, terms: str, words: str) -> None:
    table = write(tmp_path / "t.csv", "姓名,code\n王小明,x\n李四,y\n")
    result = run("publish", table, "--title", "Faulty", "--terms", write(tmp_path / "terms.yaml", terms), answer="y\n")
    assert result.status == 1
    assert words in " ".join(result.err.split()), result.err
    assert "Publish it like this?" not in result.out


def test_the_question_shows_the_terms_of_the_file(run: Run, tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "学校,n\n甲,1\n乙,2\n")
    text = (
        "row_filter: >-\n  \"学校\" = '甲'\nconsumers: {organisations: [demo-platform]}\nrate: {requests: 5, per: day}\n"
        "row_cap: 70\nnot_after: 2031-12-31\nprice: {amount: '12.00', per: month}\n"
    )
    declined = run("publish", table, "--title", "Shown", "--terms", write(tmp_path / "t.yaml", text), answer="n\n")
    assert declined.status == 1, declined.err
    lines = (
        "consumers: demo-platform",
        "rows: \"学校\" = '甲'",
        "5 requests per day",
        "70 rows",
        "ends: 2031-12-31",
        "12.00 CNY",
    )
    assert [line for line in lines if line not in declined.out] == []
    result = run("publish", table, "--title", "Shown", "--yes")
    assert result.status == 0, result.err  # the answer no took the draft back


def test_a_refresh_remarks_what_it_leaves_out_and_what_is_missing(run: Run, tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "a,b\n" + "1,x\n2,y\n" * 3)
    assert run("publish", table, "--title", "Shrinks", "--yes").status == 0
    refreshed = run("refresh", "shrinks", write(table, "a,b,c\n1,x,z\n2,y,z\n"))
    assert refreshed.status == 0, refreshed.err
    assert "does not have it: c" in refreshed.err
    assert "2 rows, before 6" in " ".join(refreshed.err.split())
    refused = run("refresh", "shrinks", write(table, "a,b\nmany,x\n"))
    assert "--update --types NAME=string" in " ".join(refused.err.split())


def test_the_next_version_is_read_from_the_same_sheet(run: Run, read: Any, tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        book.add_worksheet("cover").write_row(0, 0, ("note",))
        for number, row in enumerate((("a", "b"), (1, "x"), (2, "y"))):
            (book.get_worksheet_by_name("data") or book.add_worksheet("data")).write_row(number, 0, row)
    table = tmp_path / "t.xlsx"
    refused = run("publish", table, "--title", "Sheets", "--yes")
    assert refused.status == 1
    words = " ".join(refused.err.split())
    assert ('sheet "cover"' in words, "left out: data" in words, "--sheet" in words) == (True, True, True), words
    result = run("publish", table, "--title", "Sheets", "--sheet", "data", "--hidden", "include", "--yes")
    assert result.status == 0, result.err
    updated = run("publish", table, "--handle", "sheets", "--update", "--yes")
    assert (updated.status, "read as before: sheet data" in updated.out) == (0, True), updated
    assert [field["name"] for field in read("sheets")["document"]["fields"]] == ["a", "b"]
    wrong = run("publish", table, "--title", "Sheets", "--hidden", "maybe", "--yes")
    assert "--hidden is include or leave-out" in wrong.err


def test_a_draft_that_was_never_published_is_discarded(
    run: Run, tmp_path: Path, served: tuple[DataDirectory, str]
) -> None:
    directory, url = served
    table = write(tmp_path / "t.csv", "a,b\n1,x\n")
    assert run("publish", table, "--title", "Template", "--yes").status == 0
    with Client(url, directory.steward_key(OWNER)) as steward:
        template = steward.request("GET", f"/api/v1/datasets/by-handle/{OWNER}/template").json()
        new = {"source": template["source"], "handle": "begun", "document": template["document"]}
        steward.request("POST", "/api/v1/datasets", json=new)
    stuck = run("publish", table, "--handle", "begun", "--title", "Begun", "--yes")
    assert stuck.status == 1
    assert "draft discard demo-education/begun" in stuck.err
    discarded = run("draft", "discard", "begun")
    assert (discarded.status, "ledger as entry" in discarded.out) == (0, True), discarded.err
    result = run("publish", table, "--handle", "begun", "--title", "Begun", "--yes")
    assert result.status == 0, result.err


def test_a_key_publishes_for_its_own_organisation_only(run: Run, tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "a,b\n1,x\n")
    result = run("publish", table, "--title", "T", "--owner", "demo-platform", "--yes")
    assert result.status == 1
    assert "this key acts for demo-education" in result.err


def test_a_table_is_published_without_a_password_in_an_argument(
    run: Run, tmp_path: Path, served: tuple[DataDirectory, str]
) -> None:
    table = ["--postgresql", "postgresql://reader:secret@localhost/db", "--table", "t", "--title", "T"]
    refused = run("publish", *table)
    assert refused.status == 1
    assert "--password-file" in refused.err
    assert "secret" not in refused.err
    unreachable = ["--postgresql", "postgresql://reader@127.0.0.1:1/db", *table[2:]]
    password = write(tmp_path / "password", "p@ss/word\n")
    assert "chmod 600" in run("publish", *unreachable, "--password-file", password).err
    password.chmod(0o600)
    result = run("publish", *unreachable, "--password-file", password)
    assert result.status == 1
    assert "refused: source" in result.err
    assert "p@ss" not in result.err + result.out
    assert run("publish", "--title", "T").status == 2
    assert run("publish", "x.csv", *table).status == 2


def test_what_is_not_published_is_taken_back(run: Run, served: tuple[DataDirectory, str], tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "a,b\n1,x\n")
    bad = write(tmp_path / "terms.yaml", "row_filter: nothing = 1\n")
    result = run("publish", table, "--title", "Taken back", "--terms", bad, "--yes")
    assert result.status == 1
    assert "row_filter" in result.err
    directory, url = served
    with Client(url, directory.steward_key(OWNER)) as steward:
        sources = [
            source for source in steward.request("GET", "/api/v1/sources").json() if source["title"] == "Taken back"
        ]
    assert [source["state"] for source in sources] == ["withdrawn"]


def test_one_s_own_file_is_published_applied_for_granted_and_fetched(
    run: Run, read: Any, tmp_path: Path, served: tuple[DataDirectory, str]
) -> None:
    """The way of README from a file to its delivery, and what the next version does to the agreement."""
    directory, _ = served
    consumer, system = (directory.key_file(name) for name in ("demo-platform", "demo-platform-system"))
    table = write(
        tmp_path / "t.csv", "工号,姓名,手机,score\n100001,王小明,13800000001,1\n100002,李四,+8613800000002,2\n"
    )
    report = write(tmp_path / "assessment.txt", "个人信息保护影响评估\n")
    published = run(
        "publish", table, "--title", "My table", "--impact-assessment", report, "--legal-basis", "contract", "--yes"
    )
    assert published.status == 0, published.err
    described = run("describe", f"{OWNER}/my-table", "--key", consumer)
    assert "手机" in described.out
    fields = [word for name in ("工号", "姓名", "手机", "score") for word in ("--field", name)]
    grounds = ["--basis", "省条例", "--scenario", "核验", "--scope", "本年度", "--until", "2099-06-30"]
    applied = run(
        "apply", f"{OWNER}/my-table", "--key", consumer, "--purpose", "talent-service", *fields, *grounds, "--json"
    )
    assert applied.status == 0, applied.err
    approved = run("applications", "approve", json.loads(applied.out)["id"], "--json")
    assert approved.status == 0, approved.err
    agreement = json.loads(approved.out)["agreement"]["id"]
    fetch = ["fetch", f"{OWNER}/my-table", "--key", system, "--purpose", "talent-service"]
    fetched = run(*fetch)
    assert fetched.status == 0, fetched.err
    rows = json.loads(fetched.out)["rows"]
    # The key of the people is hidden, so their order is the agreement's own.
    assert sorted((row["score"], row["姓名"]) for row in rows) == [(1, "王**"), (2, "李*")]
    assert not any(part in fetched.out for part in ("138000", "10000", "小明"))
    assert len({row["手机"] for row in rows} | {row["工号"] for row in rows}) == 4

    write(table, "工号,姓名,手机,score\n100001,王小明,13800000001,1\n")
    assert run("refresh", "my-table", table).status == 0
    assert len(json.loads(run(*fetch).out)["rows"]) == 1

    write(table, "工号,姓名,手机\n100001,王小明,13800000001\n")
    update = ["publish", table, "--handle", "my-table", "--update", "--yes"]
    refused = run(*update)
    assert refused.status == 1
    assert agreement in refused.err
    assert "--unfit keep, suspend or terminate" in refused.err
    assert "no longer there: score" in refused.out
    assert "it does not fit: score" in refused.out
    assert (read("my-table")["version"], read("my-table")["draft"]) == (1, None)
    assert run(*update, "--unfit", "keep").status == 1
    result = run(*update, "--unfit", "keep", "--reason", "字段编码改版")
    assert result.status == 0, result.err
    assert read("my-table")["version"] == 2
    assert run(*fetch, "--field", "姓名").status == 0
