"""Replayed decisions agree under any present policy; altered copies are reported instead of replayed."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from exchange import app as wiring
from exchange.audit import queries
from exchange.audit.replaying import EXPLANATIONS, VERDICTS, Replayed, Replayer
from exchange.decisions.service import BundleAltered, hash_salted
from exchange.kernel.database import arguments, driver
from exchange.kernel.loops import Loops
from exchange.publication.parts import CHECKPOINTS
from exchange.settings import Settings
from ledger.format import canonical, entry, merkle
from policies.owner_rules.checker import Checker
from policies.rego.bundle import Bundle, load_bundle
from tests.support.exchanges.exchange import Answer, Exchange, Key, Party
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.populated import DELIVERIES, PopulatedExchange
from tests.support.exchanges.starting import start_exchange

ROOT = Path(__file__).parents[3]
FILTER = {"field": "city", "op": "prefix", "value": "33010"}


class DecidedExchange:
    """An owner with a row filter, and a consumer whose requests were allowed and denied."""

    def __init__(self, exchange: Exchange, owner: Party, consumer: Party, stranger: Party) -> None:
        self.exchange, self.owner, self.consumer, self.stranger = exchange, owner, consumer, stranger
        self.agreement: Any = None

    async def fetch(self, *, purpose: str = "talent-service", accept: str | None = None, **document: Any) -> int:
        """Request a delivery: the index of its entry."""
        answer: Answer = await self.exchange.call(
            self.consumer.system,
            "POST",
            DELIVERIES,
            {"dataset": "owner/people", **document},
            purpose=purpose,
            accept=accept,
        )
        return int(answer.headers["exchange-entry"])

    async def change_agreement(self, verb: str) -> None:
        target = f"/api/v1/agreements/{self.agreement['id']}/{verb}"
        await self.exchange.call_ok(self.owner.steward, "POST", target, {"reason": "核查"})

    async def replay_all(self) -> list[Replayed]:
        """Replay every entry, as the command does."""
        return await replay_all(self.exchange)

    async def replay_entry(self, index: int, key: Key | None = None) -> Any:
        target = f"/api/v1/audit/entries/{index}/replay"
        return await self.exchange.call_ok(key or self.exchange.keys["auditor"], "GET", target)


async def replay_all(exchange: Exchange) -> list[Replayed]:
    async with exchange.runtime.database.sessions() as session:
        leaves = await queries.leaves_from(session, await queries.present(session), 0, limit=10_000)
        sandboxes = exchange.runtime[Checker].sandboxes
        with closing(Replayer(await driver(session), sandboxes)) as replayer:
            return [await replayer.replay(leaf.seq, leaf) for leaf in leaves]


@asynccontextmanager
async def as_owner(exchange: Exchange) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the owner of the tables, with the guards down."""
    connection = await asyncpg.connect(**arguments(exchange.runtime.database.url))
    await connection.execute("SET session_replication_role = replica")
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def decided_exchange(settings: Settings, people_table: str) -> AsyncIterator[DecidedExchange]:
    async with start_filled(settings, fill, people_table) as decided_exchange:
        yield decided_exchange


async def fill(exchange: Exchange, people_table: str) -> DecidedExchange:
    decided_exchange = DecidedExchange(
        exchange,
        await exchange.admit("owner"),
        await exchange.admit("consumer", kind="institution", level="none"),
        await exchange.admit("stranger"),
    )
    source = await exchange.register_table(decided_exchange.owner, people_table, "people")
    terms = {"row_filter": FILTER, "masks": {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}}}
    dataset = await exchange.publish_dataset(decided_exchange.owner, source, "people", terms=terms)
    decided_exchange.agreement = await exchange.conclude_agreement(
        decided_exchange.consumer, decided_exchange.owner, dataset
    )
    return decided_exchange


async def test_a_whole_story_agrees(decided_exchange: DecidedExchange) -> None:
    allowed = [
        await decided_exchange.fetch(limit=2),
        await decided_exchange.fetch(limit=3),  # remembered
        await decided_exchange.fetch(fields=["city"], filters=[{"field": "city", "op": "eq", "value": "330110"}]),
        await decided_exchange.fetch(accept="application/x-ndjson"),
    ]
    denied = [
        await decided_exchange.fetch(purpose="statistics"),
        await decided_exchange.fetch(filters=[{"field": "name", "op": "eq", "value": "人1"}]),
    ]
    await decided_exchange.change_agreement("suspension")
    denied.append(await decided_exchange.fetch())
    await decided_exchange.change_agreement("resumption")
    allowed.append(await decided_exchange.fetch(limit=2))
    undecided = [await decided_exchange.fetch(dataset="no/such"), await decided_exchange.fetch(fields=["salary"])]

    verdicts = await decided_exchange.replay_all()

    entries = await decided_exchange.exchange.read_entries()
    assert [replayed.verdict for replayed in verdicts] == [
        "agrees" if "decision" in body else "no-decision" for body in entries
    ]
    assert {replayed.index for replayed in verdicts if replayed.verdict == "agrees"} == {*allowed, *denied}
    assert {entries[index]["decision"]["outcome"] for index in allowed} == {"allow"}
    assert {entries[index]["decision"]["outcome"] for index in denied} == {"deny"}
    assert {verdicts[index].verdict for index in undecided} == {"no-decision"}


async def test_an_input_is_kept_once_for_each_decision_and_before_its_entry(decided_exchange: DecidedExchange) -> None:
    database = decided_exchange.exchange.runtime.database
    for _ in range(5):
        await decided_exchange.fetch(limit=2)
    await decided_exchange.fetch(limit=2, fields=["city"])
    await asyncio.gather(*(decided_exchange.fetch(limit=1, fields=["name"]) for _ in range(8)))
    async with database.pool.acquire() as connection:
        digests = {row["digest"] for row in await connection.fetch("SELECT digest FROM decision_inputs")}
    named = {body["decision"]["input"] for body in await decided_exchange.exchange.read_entries() if "decision" in body}
    assert digests == named
    assert len(digests) == 3


async def test_the_auditor_and_the_owner_have_it_made_again_and_nobody_else(decided_exchange: DecidedExchange) -> None:
    index = await decided_exchange.fetch(limit=2)
    for key in (decided_exchange.exchange.keys["auditor"], decided_exchange.owner.steward):
        replayed = await decided_exchange.replay_entry(index, key)
        assert (replayed["verdict"], replayed["explanation"]) == ("agrees", EXPLANATIONS["agrees"])
        assert (
            FILTER
            in replayed["input"]["agreements"][0]["row_filters"] + replayed["input"]["resource"]["terms"]["row_filters"]
        )
        document = (await decided_exchange.exchange.read_entries())[index]["decision"]
        assert replayed["policy"] == document["policy"] == load_bundle().digest
        facts = json.dumps(replayed["input"], ensure_ascii=False, separators=(",", ":")).encode()
        assert hash_salted(facts, salt=replayed["salt"]) == document["input"]
        [*_, last] = await decided_exchange.exchange.read_entries()
        assert (last["type"], last["verdict"]) == ("audit.replayed", "agrees")
        assert last["object"] == {"id": str(index), "kind": "entry"}
    target = f"/api/v1/audit/entries/{index}/replay"
    for key in (decided_exchange.consumer.steward, decided_exchange.consumer.system, decided_exchange.stranger.steward):
        answer = await decided_exchange.exchange.call(key, "GET", target)
        assert (answer.status, answer.problem) == (404, "not-found")
        assert "33010" not in answer.content.decode()
    assert (
        await decided_exchange.exchange.call(decided_exchange.exchange.keys["operator"], "GET", target)
    ).problem == "role-missing"
    assert (await decided_exchange.exchange.send("GET", target, {})).problem == "signature-missing"


_RULES = "replace(files->>'delivery.rego', 'default allow := false', 'default allow := true')"
CHANGES = {
    "an input in place": (
        "input-altered",
        "UPDATE decision_inputs SET document = replace(convert_from(document, 'UTF8'), '33010', '33011')::bytea",
    ),
    "an input away": ("input-missing", "DELETE FROM decision_inputs WHERE digest = '{input}'"),
    "the bundle altered": (
        "bundle-altered",
        f"UPDATE policy_bundles SET files = jsonb_set(files, '{{{{delivery.rego}}}}', to_jsonb({_RULES}))",
    ),
    "the bundle replaced by nonsense": ("bundle-altered", "UPDATE policy_bundles SET files = '[]'"),
    "the bundle missing": ("bundle-missing", "DELETE FROM policy_bundles"),
    "the salt": ("input-altered", "UPDATE dataset_versions SET salt = repeat('00', 16)"),
    "the version away": ("salt-missing", "UPDATE dataset_versions SET version = 9"),
    "the entry": (
        "entry-altered",
        "UPDATE ledger_entry SET leaf = replace(convert_from(leaf, 'UTF8'), 'allow', 'below')::bytea WHERE seq = {index}",
    ),
}
"""What is done to the database behind the exchange's back, and what is said then."""


async def test_an_entry_that_was_taken_away_is_missed(decided_exchange: DecidedExchange) -> None:
    index = await decided_exchange.fetch(limit=2)
    target = f"/api/v1/audit/entries/{index}/replay"
    assert (await decided_exchange.exchange.call(decided_exchange.exchange.keys["auditor"], "GET", target)).json[
        "verdict"
    ] == "agrees"
    async with as_owner(decided_exchange.exchange) as connection:
        await connection.execute("DELETE FROM ledger_entry WHERE seq = $1", index)
    answer = await decided_exchange.exchange.call(decided_exchange.exchange.keys["auditor"], "GET", target)
    # Whichever comes first: the replay that looks for it, or the publisher, after which nothing is taken in.
    assert answer.problem == "ledger-halted" or answer.json.get("verdict") == "entry-altered", answer.content


@pytest.mark.parametrize(
    ("verdict", "change"),
    [
        pytest.param(*case, id=name, marks=[] if name == "the entry" else pytest.mark.endurance)
        for name, case in CHANGES.items()
    ],
)
async def test_what_was_changed_since_is_said(decided_exchange: DecidedExchange, change: str, verdict: str) -> None:
    index = await decided_exchange.fetch(limit=2)
    assert (await decided_exchange.replay_entry(index))["verdict"] == "agrees"
    decision = (await decided_exchange.exchange.read_entries())[index]["decision"]
    async with as_owner(decided_exchange.exchange) as connection:
        status = await connection.execute(change.format(index=index, input=decision["input"]))
        assert not status.endswith(" 0")
    replayed = await decided_exchange.replay_entry(index)
    assert (replayed["verdict"], replayed["input"], replayed["differences"]) == (verdict, None, [])
    assert (await decided_exchange.exchange.read_entries())[-1]["verdict"] == verdict


def _turned(decision: dict[str, Any]) -> None:
    decision["outcome"] = "deny"
    decision["reasons"] = [{"code": "purpose-not-granted"}]
    del decision["obligations"]


def _loosened(decision: dict[str, Any]) -> None:
    decision["obligations"] = "0" * 64


@pytest.mark.parametrize(
    ("change", "differing"),
    [(_turned, ["outcome", "obligations", "reasons"]), (_loosened, ["obligations"])],
    ids=["the outcome", "the obligations"],
)
async def test_an_entry_that_was_never_decided_so_differs(
    decided_exchange: DecidedExchange, change: Callable[[dict[str, Any]], None], differing: list[str]
) -> None:
    """The database's owner can write an entry with valid hashes; its replayed decision still differs."""
    await decided_exchange.exchange.runtime[Loops][CHECKPOINTS].stop()
    index = await decided_exchange.fetch(limit=2)
    async with as_owner(decided_exchange.exchange) as connection:
        parsed = entry.parse(await connection.fetchval("SELECT leaf FROM ledger_entry WHERE seq = $1", index))
        change(parsed.body["decision"])
        leaf = entry.splice(body=canonical.dumps(parsed.body), prev=parsed.prev, seq=index)
        await connection.execute(
            "UPDATE ledger_entry SET leaf = $2, leaf_hash = $3 WHERE seq = $1", index, leaf, merkle.leaf_hash(leaf)
        )
    replayed = await decided_exchange.replay_entry(index)
    assert replayed["verdict"] == "differs"
    assert [difference["what"] for difference in replayed["differences"]] == differing


async def test_a_reason_that_was_renamed_is_no_difference(decided_exchange: DecidedExchange) -> None:
    """A former version recorded `obligation-unknown` for what is `agreement-unfit`; any other reason still differs."""
    exchange = decided_exchange.exchange
    dataset = await exchange.call_ok(decided_exchange.owner.steward, "GET", "/api/v1/datasets/by-handle/owner/people")
    document = {**dataset["document"], "terms": {**dataset["document"]["terms"], "masks": {}, "row_filter": None}}
    document["fields"] = [field for field in document["fields"] if field["name"] != "city"]
    document["terms"]["fields"] = [field["name"] for field in document["fields"]]
    body = {"source": dataset["source"], "handle": "people", "document": document}
    target = f"/api/v1/datasets/{dataset['id']}"
    await exchange.call_ok(decided_exchange.owner.steward, "PUT", f"{target}/draft", body)
    kept = {"unfit": "keep", "reason": "核查"}
    await exchange.call_ok(decided_exchange.owner.steward, "POST", f"{target}/publication", kept)
    index = await decided_exchange.fetch(limit=2)
    assert (await exchange.read_entries())[index]["problem"] == "agreement-unfit"
    await exchange.runtime[Loops][CHECKPOINTS].stop()
    for code, verdict in (("obligation-unknown", "reason-renamed"), ("nothing-granted", "differs")):
        async with as_owner(exchange) as connection:
            parsed = entry.parse(await connection.fetchval("SELECT leaf FROM ledger_entry WHERE seq = $1", index))
            parsed.body["decision"]["reasons"] = [{"code": code}]
            leaf = entry.splice(body=canonical.dumps(parsed.body), prev=parsed.prev, seq=index)
            await connection.execute(
                "UPDATE ledger_entry SET leaf = $2, leaf_hash = $3 WHERE seq = $1", index, leaf, merkle.leaf_hash(leaf)
            )
        assert (await decided_exchange.replay_entry(index))["verdict"] == verdict


async def test_the_application_may_change_none_of_it(decided_exchange: DecidedExchange) -> None:
    await decided_exchange.fetch(limit=2)
    async with decided_exchange.exchange.runtime.database.pool.acquire() as connection:
        for table in ("decision_inputs", "policy_bundles"):
            for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET kept_at = now()", f"TRUNCATE {table}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
    owner = await asyncpg.connect(**arguments(decided_exchange.exchange.runtime.database.url))
    for statement in ("UPDATE decision_inputs SET document = ''", "DELETE FROM policy_bundles"):
        with pytest.raises(asyncpg.RaiseError):
            await owner.execute(statement)
    await owner.execute("DELETE FROM decision_inputs")  # retention is the owner's to carry out
    await owner.close()


async def test_the_page_s_retention_deletes_what_no_later_entry_names(decided_exchange: DecidedExchange) -> None:
    old, new = (
        await decided_exchange.fetch(limit=2),
        await decided_exchange.fetch(fields=["city"]),
    )
    await decided_exchange.fetch(fields=["name"])
    page = (ROOT / "docs" / "operations" / "auditing.md").read_text(encoding="utf-8")
    statement = page[page.index("DELETE FROM decision_inputs") :].partition(";")[0]
    async with as_owner(decided_exchange.exchange) as connection:
        assert await connection.execute(statement) == "DELETE 0"  # all are too young
        young = statement.replace("6 years", "0 seconds").replace("4096", str(new))
        assert await connection.execute(young) == "DELETE 1"
    assert (await decided_exchange.replay_entry(old))["verdict"] == "input-missing"
    assert (await decided_exchange.replay_entry(new))["verdict"] == "agrees"
    await decided_exchange.change_agreement("suspension")
    await decided_exchange.change_agreement("resumption")
    await decided_exchange.fetch(limit=2)  # decided anew, on the same facts
    assert (await decided_exchange.replay_entry(old))["verdict"] == "agrees"


# A policy of another day ----------------------------------------------------------------------------------------------


def _another() -> Bundle:
    """A policy that lets nobody have anything any more."""
    text = load_bundle().files["delivery.rego"].decode()
    return Bundle(
        {"delivery.rego": text.replace("terms_in_time if input.now <", "terms_in_time if 2 * input.now <").encode()}
    )


async def test_a_policy_that_changed_since_is_not_the_one_that_is_asked(
    settings: Settings, people_table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start_exchange(settings) as exchange:
        owner, consumer = (
            await exchange.admit("owner"),
            await exchange.admit("consumer", kind="institution", level="none"),
        )
        source = await exchange.register_table(owner, people_table, "people")
        dataset = await exchange.publish_dataset(
            owner, source, "people", terms={"not_after": "2027-06-30T00:00:00+08:00"}
        )
        await exchange.conclude_agreement(consumer, owner, dataset)
        document = {"dataset": "owner/people", "limit": 1}
        before = await exchange.call(consumer.system, "POST", DELIVERIES, document, purpose="talent-service")
        assert before.status == 200
    monkeypatch.setattr(wiring, "load_bundle", _another)
    app = wiring.create_app(settings)
    async with app.router.lifespan_context(app):
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=settings.public_url)
        later = Exchange(app, client, exchange.keys)
        after = await later.call(consumer.system, "POST", DELIVERIES, document, purpose="talent-service")
        assert after.problem == "terms-expired"
        verdicts = {replayed.index: replayed for replayed in await replay_all(later)}
        await client.aclose()
    for answer, policy in ((before, load_bundle()), (after, _another())):
        replayed = verdicts[int(answer.headers["exchange-entry"])]
        assert (replayed.verdict, replayed.policy) == ("agrees", policy.digest)


async def test_an_exchange_does_not_start_with_a_bundle_that_was_changed_in_place(settings: Settings) -> None:
    async with start_exchange(settings) as exchange, as_owner(exchange) as connection:
        await connection.execute("""UPDATE policy_bundles SET files = '{"delivery.rego": "package nothing"}'""")
    app = wiring.create_app(settings)
    with pytest.raises(BundleAltered):
        async with app.router.lifespan_context(app):
            pass


async def test_the_denial_of_a_policy_that_could_not_be_asked_is_not_made_again(
    settings: Settings, people_table: str
) -> None:
    unreachable = settings.model_copy(update={"opa_url": "http://127.0.0.1:9"})
    async with start_exchange(unreachable) as exchange:
        owner, consumer = (
            await exchange.admit("owner"),
            await exchange.admit("consumer", kind="institution", level="none"),
        )
        source = await exchange.register_table(owner, people_table, "people")
        dataset = await exchange.publish_dataset(owner, source, "people")
        await exchange.conclude_agreement(consumer, owner, dataset)
        answer = await exchange.call(
            consumer.system, "POST", DELIVERIES, {"dataset": "owner/people"}, purpose="talent-service"
        )
        assert answer.problem == "policy-unavailable"
        verdicts = {replayed.index: replayed.verdict for replayed in await replay_all(exchange)}
    assert verdicts[int(answer.headers["exchange-entry"])] == "policy-unavailable"


async def test_the_scene_of_every_refusal_agrees(populated_exchange: PopulatedExchange) -> None:
    for document in ({}, {"fields": ["salary"]}, {"dataset": "owner/secret"}, {"dataset": "owner/departments"}):
        await populated_exchange.fetch(document)
        await populated_exchange.fetch(document, key=populated_exchange.stranger.system)
    verdicts = await replay_all(populated_exchange)
    assert {replayed.verdict for replayed in verdicts} == {"agrees", "no-decision"}
    assert set(EXPLANATIONS) == set(VERDICTS)
