"""An exchange with a dataset whose rows are about people, granted to one consumer."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from exchange.kernel.clock import SettableClock
from exchange.kernel.database import arguments
from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer, Exchange, Key, Party
from tests.support.exchanges.filled import start_filled

CSV = "person_id,name,score\n" + "".join(f"P{n:05d},陈{n},{n}\n" for n in range(1, 301))
DATASET = "owner/people"


@dataclass(kw_only=True)
class PeopleExchange(Exchange):
    """An exchange whose consumer may fetch the dataset `owner/people`. `database_url` is its owner's way in."""

    owner: Party
    consumer: Party
    dataset: dict[str, Any]
    database_url: str

    async def fetch(self, *filters: dict[str, Any], accept: str = "application/json", **more: Any) -> Answer:
        """Request a delivery as the consumer's system."""
        question = {"dataset": DATASET, "filters": list(filters), **more}
        return await self.call(
            self.consumer.system, "POST", "/api/v1/deliveries", question, purpose="talent-service", accept=accept
        )

    async def fetch_about(self, value: str, **more: Any) -> dict[str, Any]:
        """Fetch one person's record: the body of the delivery's entry."""
        answer = await self.fetch({"field": "person_id", "op": "eq", "value": value}, **more)
        assert answer.status == 200, answer.content.decode()
        return await self.entry_of(answer)

    async def entry_of(self, answer: Answer) -> dict[str, Any]:
        """Read the body of the entry that a response names."""
        return (await self.read_entries())[int(answer.headers["exchange-entry"])]

    async def call_subjects(self, key: Key, target: str, document: Any) -> Answer:
        """Post a document to one of the addresses for subjects."""
        return await self.call(key, "POST", f"/api/v1/subjects/{target}", document)

    async def erase(self, **subject: Any) -> Answer:
        """Erase a person, as the operator."""
        return await self.call_subjects(self.keys["operator"], "erasure", {"basis": "consent-withdrawn", **subject})

    async def read_details(self, key: Key | None = None, **which: Any) -> list[dict[str, Any]]:
        """Read sealed details, as the auditor unless a key is given."""
        answer = await self.call_subjects(key or self.keys["auditor"], "details", which)
        assert answer.status == 200, answer.content.decode()
        details: list[dict[str, Any]] = answer.json["details"]
        return details

    async def place_hold(self, value: str) -> Answer:
        """Place a legal hold on a person, as the security administrator."""
        document = {"dataset": DATASET, "value": value, "basis": "litigation", "reason": "复议"}
        return await self.call_subjects(self.keys["security"], "holds", document)

    async def run_sql(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Run a statement as the owner of the tables."""
        connection = await asyncpg.connect(**arguments(self.database_url))
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()


@asynccontextmanager
async def start_people(
    settings: Settings,
    *,
    clock: SettableClock | None = None,
    dsn: str | None = None,
    table: str = "people",
    terms: dict[str, Any] | None = None,
) -> AsyncIterator[PeopleExchange]:
    """Start an exchange on an empty database whose owner has published and granted the dataset."""
    async with start_filled(settings, _fill, dsn, table, json.dumps(terms or {}), clock=clock) as exchange:
        yield exchange


async def _fill(exchange: Exchange, dsn: str | None, table: str, terms: str) -> PeopleExchange:
    url = exchange.runtime.database.url
    return await publish_people(exchange, url, dsn=dsn, table=table, terms=json.loads(terms))


async def publish_people(
    exchange: Exchange,
    database_url: str,
    *,
    dsn: str | None = None,
    table: str = "people",
    terms: dict[str, Any] | None = None,
) -> PeopleExchange:
    """Publish the dataset on a new exchange, and grant all of it to the consumer.

    With `dsn`, its source is this table of a database instead of a file.
    """
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    source = (
        await exchange.register_file(owner, CSV.encode())
        if dsn is None
        else await exchange.register_table(owner, dsn, table)
    )
    dataset = await exchange.publish_dataset(owner, source, "people", terms=terms)
    await exchange.conclude_agreement(consumer, owner, dataset)
    return PeopleExchange(
        exchange.app,
        exchange.client,
        exchange.keys,
        url=exchange.url,
        owner=owner,
        consumer=consumer,
        dataset=dataset,
        database_url=database_url,
    )


async def check_erasures_are_whole(exchange: PeopleExchange) -> list[dict[str, Any]]:
    """Check that no erasure is half done; returns the bodies of all entries.

    No entry names a person after their erasure, each erasure counts the details there were, and the details of everybody
    else remain.
    """
    entries = await exchange.read_entries()
    ends = {entry["object"]["id"]: seq for seq, entry in enumerate(entries) if entry["type"] == "erasure.executed"}
    named: dict[str, int] = {}
    for seq, entry in enumerate(entries):
        for pseudonym in entry.get("subjects", ()):
            assert seq < ends.get(pseudonym, len(entries)), "a pseudonym is used after its key was destroyed"
            named[pseudonym] = named.get(pseudonym, 0) + 1
    assert {pseudonym: entries[seq]["details"] for pseudonym, seq in ends.items()} == {
        pseudonym: named.get(pseudonym, 0) for pseudonym in ends
    }
    left = await exchange.run_sql("SELECT DISTINCT subject FROM ledger_sealed")
    assert {row["subject"].hex() for row in left} == named.keys() - ends.keys()
    assert await exchange.run_sql("SELECT FROM subject_erasures WHERE destroyed_at IS NULL") == []
    return entries
