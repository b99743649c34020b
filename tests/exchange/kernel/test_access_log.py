"""Each request is a line of the log: who asked for what, how it ended and where it is on the ledger, and no value."""

import io
import json
from typing import Any
from uuid import UUID

import asyncpg

from exchange.kernel.database import arguments
from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer, Exchange
from tests.support.exchanges.starting import start_exchange

VALUE = "330106196810288219"


def entry_of(answer: Answer) -> int:
    return int(answer.headers["exchange-entry"])


def lines_of(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


async def test_lines_of_requests(settings: Settings, log_output: io.StringIO, people_table: str) -> None:
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        source = await exchange.register_table(owner, people_table, "people")
        dataset = await exchange.publish_dataset(owner, source, "people")
        await exchange.conclude_agreement(consumer, owner, dataset)
        log_output.truncate(log_output.seek(0))
        wanted = {"dataset": "owner/people", "filters": [{"field": "name", "op": "eq", "value": VALUE}]}
        given = await exchange.call(consumer.system, "POST", "/api/v1/deliveries", wanted, purpose="talent-service")
        refused = await exchange.call(consumer.system, "GET", f"/api/v1/sources/{dataset['id']}?q={VALUE}")
        await exchange.send("GET", f"/{VALUE}?{VALUE}", {})
        await exchange.send("HEAD", f"/catalog?q={VALUE}", {})
        await exchange.send("GET", "/livez", {})
    requests = [line for line in lines_of(log_output) if line["event"] == "request"]
    assert VALUE not in log_output.getvalue()
    summaries = [(line["method"], line["route"], line["status"], line.get("problem")) for line in requests]
    assert summaries[:3] == [
        ("POST", "/api/v1/deliveries", given.status, None),
        ("GET", "/api/v1/sources/{source_id}", refused.status, refused.problem),
        ("GET", "", 404, "not-found"),
    ]
    assert summaries[3][:2] == ("HEAD", "/catalog")
    assert len(summaries) == 4
    assert [line["entry"] for line in requests[:2]] == [entry_of(given), entry_of(refused)]
    assert len({UUID(line["principal"]) for line in requests[:2]}) == 1
    assert all(0 <= line["seconds"] < 60 for line in requests)


async def test_the_line_of_a_failure_has_its_route_and_its_entry(
    settings: Settings, empty_database: str, log_output: io.StringIO
) -> None:
    owner = await asyncpg.connect(**arguments(empty_database))
    async with start_exchange(settings) as exchange:
        steward = (await exchange.admit("owner")).steward
        await owner.execute("ALTER TABLE sources RENAME TO aside")
        try:
            answer = await exchange.call(steward, "GET", "/api/v1/sources")
        finally:
            await owner.execute("ALTER TABLE aside RENAME TO sources")
            await owner.close()
    assert (answer.status, answer.problem) == (503, "ledger-unavailable")
    [line] = [line for line in lines_of(log_output) if line["event"] == "work failed"]
    assert (line["route"], line["entry"], line["method"]) == ("/api/v1/sources", entry_of(answer), "GET")


async def test_requests_are_not_logged_where_the_operator_says_so(settings: Settings, log_output: io.StringIO) -> None:
    async with start_exchange(settings.model_copy(update={"access_log": False})) as exchange:
        await exchange.send("GET", "/catalog", {})
    assert [line for line in lines_of(log_output) if line["event"] == "request"] == []


async def test_a_client_that_leaves_is_no_failure(settings: Settings, log_output: io.StringIO) -> None:
    """Neither an answer is made for it, nor a traceback printed."""
    async with start_exchange(settings) as exchange:
        await leave(exchange)
    [line] = [line for line in lines_of(log_output) if line.get("route") == "/api/v1/deliveries"]
    assert line["event"] == "request"
    assert line["is_complete"] is False


async def leave(exchange: Exchange) -> None:
    """Send the head of a signed request for data, and hang up."""
    system = (await exchange.admit("consumer", kind="institution", level="none")).system
    question_headers = {
        "host": "exchange.test",
        "content-type": "application/json",
        "exchange-purpose": "talent-service",
    }
    headers = exchange.sign(system, "POST", "/api/v1/deliveries", body=b'{"dataset": "a/b"}', headers=question_headers)

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/deliveries",
        "raw_path": b"/api/v1/deliveries",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await exchange.app(scope, receive, send)
