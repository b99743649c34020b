"""Every type of entry: the search finds it by its type, and a replay of it replays or says why not."""

from ledger import entries
from ledger.format import canonical
from ledger.log import store
from tests.support.exchanges.exchange import Exchange
from tests.support.pages import example

TYPES = {name: model for model in entries.all_bodies() for name in entries.types_of(model)}


async def test_every_type_is_found_and_replayed_or_refused(exchange: Exchange) -> None:
    bodies = [example(model, name) for name, model in TYPES.items()]
    async with exchange.runtime.database.pool.acquire() as connection, connection.transaction():
        begun = await connection.fetchval("SELECT size FROM ledger_head")
        await store.append(connection, [store.Submission(canonical.dumps(body)) for body in bodies])
    auditor = exchange.keys["auditor"]
    for number, name in enumerate(TYPES, begun):
        answer = await exchange.call(auditor, "GET", f"/api/v1/audit/entries?type={name}&limit=100")
        assert answer.status == 200, answer.content
        assert number in {entry["index"] for entry in answer.json["entries"]}, name
        replayed = await exchange.call(auditor, "GET", f"/api/v1/audit/entries/{number}/replay")
        assert replayed.status == 200 or replayed.problem not in ("", "internal-error"), (name, replayed.content)
    assert len(TYPES) > 60
