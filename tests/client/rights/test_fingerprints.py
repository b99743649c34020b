"""Fingerprints: a copy is recognised reordered, in part, altered, with other columns, as CSV and as Parquet."""

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from data_exchange_client.commands.main import app
from data_exchange_client.fingerprints import comparing, fingerprint
from data_exchange_client.fingerprints.rows import TableUnreadable, open_table, plain

HEADER = "id,姓名,score,at"
ROWS = [
    f"{number:05d},人{number % 97},{number / 4:.2f},2026-01-{number % 28 + 1:02d} 08:00:00" for number in range(2000)
]


def write(path: Path, rows: list[str], header: str = HEADER, encoding: str = "utf-8") -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return path


@pytest.fixture
def deposited(tmp_path: Path) -> Path:
    """The fingerprint of the data."""
    target = tmp_path / "deposited.fingerprint"
    fingerprint.make(write(tmp_path / "data.csv", ROWS), target)
    return target


def test_reordered_rows_and_columns_are_the_same(deposited: Path, tmp_path: Path) -> None:
    shuffled = random.Random(1).sample(ROWS, len(ROWS))
    turned = [",".join(reversed(row.split(","))) for row in shuffled]
    copy = write(tmp_path / "copy.csv", turned, ",".join(reversed(HEADER.split(","))), "gb18030")
    result = comparing.compare(deposited, copy)
    assert (result.common, result.copied, result.deposited) == (2000, 2000, 2000)
    assert result.whole == result.partitions == sum(1 for rows, _ in fingerprint.read(deposited).partitions if rows)


def test_parquet_has_the_same_rows_as_csv(deposited: Path, tmp_path: Path) -> None:
    split = [row.split(",") for row in ROWS]
    table = pa.table(
        {
            "id": [row[0] for row in split],
            "姓名": [row[1] for row in split],
            "score": [float(row[2]) for row in split],
            "at": pa.array([row[3] for row in split]).cast(pa.timestamp("us")),
        }
    )
    pq.write_table(table, tmp_path / "copy.parquet")
    assert comparing.compare(deposited, tmp_path / "copy.parquet").common == 2000


def test_a_part_and_altered_rows_are_told_apart(deposited: Path, tmp_path: Path) -> None:
    part = comparing.compare(deposited, write(tmp_path / "part.csv", ROWS[:500]))
    assert (part.common, part.copied) == (500, 500)
    assert part.whole < part.partitions
    altered = [row if number % 2 else row.replace("人", "员") for number, row in enumerate(ROWS)]
    changed = comparing.compare(deposited, write(tmp_path / "altered.csv", altered))
    assert changed.common == 1000
    seen, sampled = changed.values["id"]
    assert seen == sampled == fingerprint.SAMPLE


def test_a_row_counts_as_often_as_both_have_it(deposited: Path, tmp_path: Path) -> None:
    result = comparing.compare(deposited, write(tmp_path / "copy.csv", [ROWS[0]] * 5 + [ROWS[1]]))
    assert (result.common, result.copied) == (2, 6)


def test_other_columns_are_named_and_do_not_hide_rows(deposited: Path, tmp_path: Path) -> None:
    more = comparing.compare(deposited, write(tmp_path / "more.csv", [f"{row},x" for row in ROWS], f"{HEADER},extra"))
    assert (more.common, more.added) == (2000, ("extra",))
    fewer = [row.rpartition(",")[0] for row in ROWS]
    less = comparing.compare(deposited, write(tmp_path / "less.csv", fewer, HEADER.rpartition(",")[0]))
    assert (less.common, less.lacking) == (0, ("at",))
    assert less.values["score"] == (fingerprint.SAMPLE, fingerprint.SAMPLE)


def test_a_changed_fingerprint_is_refused(deposited: Path) -> None:
    content = bytearray(deposited.read_bytes())
    content[-1] ^= 1
    deposited.write_bytes(bytes(content))
    with pytest.raises(TableUnreadable, match="does not lead to its root"):
        fingerprint.read(deposited)
    deposited.write_bytes(bytes(content[:-20]))
    with pytest.raises(TableUnreadable):
        fingerprint.read(deposited)


@pytest.mark.parametrize(
    ("left", "right"),
    [("1.50", "1.5"), ("1e3", "1000"), ("-0.0", "0"), ("2026-01-01T08:00:00.500", "2026-01-01 08:00:00.5")],
)
def test_values_that_are_the_same_have_the_same_text(left: str, right: str) -> None:
    assert plain(left) == plain(right)


@pytest.mark.parametrize(("left", "right"), [("007", "7"), ("1.5", "1.05"), ("a", "A"), ("", "0"), ("+1", "1")])
def test_values_that_differ_have_other_texts(left: str, right: str) -> None:
    assert plain(left) != plain(right)


@pytest.mark.parametrize("content", ["", "a,a\n1,2\n", "a,b\n1\n", "a,b\n1,2,3\n", 'a,b\n"1,2\n'])
def test_what_is_no_table_is_refused_with_its_place(tmp_path: Path, content: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(TableUnreadable, match=r"odd\.csv"), open_table(path) as table:
        list(table.rows)


def test_the_commands_demand_the_deposited_digest(deposited: Path, tmp_path: Path) -> None:
    copy = str(tmp_path / "data.csv")
    known = fingerprint.read(deposited).digest
    done = CliRunner().invoke(app, ["rights", "compare", str(deposited), copy, "--digest", known, "--json"])
    assert done.exit_code == 0, done.output
    assert '"common_rows": 2000' in done.output
    refused = CliRunner().invoke(app, ["rights", "compare", str(deposited), copy, "--digest", "00" * 32])
    assert refused.exit_code == 1
    made = CliRunner().invoke(app, ["rights", "fingerprint", copy, "-o", str(tmp_path / "again")])
    assert '"rows": 2000' in made.output
    assert fingerprint.read(tmp_path / "again").digest != known, "each has a salt of its own"
