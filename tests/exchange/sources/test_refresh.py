"""New content of a source is read by the types that were published: a month's file need not show them again."""

from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.exchanges.exchange import Answer, Exchange, Party

FIRST = b"id,code,score,seen,since\n1,A7,2.5,2024-01-31T08:00:00Z,2024-01-31\n2,B8,3,2024-02-01T09:30:00Z,2024-02-01\n"


@pytest.fixture
async def owner(exchange: Exchange) -> Party:
    return await exchange.admit("owner")


async def refresh(exchange: Exchange, owner: Party, first: bytes, second: bytes) -> Answer:
    source = await exchange.register_file(owner, first)
    await exchange.publish_dataset(owner, source, "scores")
    return await exchange.call(owner.steward, "PUT", f"/api/v1/sources/{source['id']}/content?filename=x", second)


def types(answer: Answer) -> dict[str, str]:
    return {field["name"]: field["type"] for field in answer.json["description"]["fields"]}


PUBLISHED = {"id": "integer", "code": "string", "score": "number", "seen": "timestamp", "since": "date"}


@pytest.mark.parametrize(
    "row",
    [
        pytest.param("1,5,2,2024-03-01T00:00:00Z,2024-03-01", id="whole numbers and digits"),
        pytest.param("1,,,,", id="empty columns"),
        pytest.param("1,A,2.5,2024-03-01,2024-03-01", id="times of midnight"),
        pytest.param("1,A,-,-,-", id="marks of missing values"),
    ],
)
async def test_a_file_that_shows_less_is_read_by_the_published_types(
    exchange: Exchange, owner: Party, row: str
) -> None:
    answer = await refresh(exchange, owner, FIRST, f"id,code,score,seen,since\n{row}\n".encode())
    assert answer.status == 200, answer.content
    assert types(answer) == PUBLISHED


async def test_a_value_that_does_not_fit_is_refused_with_its_row(exchange: Exchange, owner: Party) -> None:
    answer = await refresh(exchange, owner, FIRST, FIRST + b"3,C,many,2024-03-01T00:00:00Z,2024-03-01\n")
    assert (answer.status, answer.problem) == (422, "source-unusable")
    assert (answer.json["code"], answer.json["where"]) == ("value-unfit", "row 4")
    assert '"score"' in answer.json["detail"]


async def test_a_file_without_a_published_field_is_refused_by_its_name(exchange: Exchange, owner: Party) -> None:
    answer = await refresh(exchange, owner, FIRST, b"id,code,score,seen\n1,A,2,2024-03-01\n")
    assert (answer.json["code"], answer.json["errors"][0]["error"]) == (
        "source-changed",
        'the source has no field "since"',
    )


async def test_a_parquet_file_of_narrower_types_is_read_by_the_published_ones(exchange: Exchange, owner: Party) -> None:
    def parquet(score: Any, code: Any) -> bytes:
        buffer = BytesIO()
        pq.write_table(pa.table({"id": ["a"], "score": score, "code": code}), buffer)
        return buffer.getvalue()

    first = parquet(pa.array([2.5]), pa.array([7]))
    answer = await refresh(exchange, owner, first, parquet(pa.array([2]), pa.nulls(1)))
    assert answer.status == 200, answer.content
    assert types(answer) == {"id": "string", "score": "number", "code": "integer"}
