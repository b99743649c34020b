"""The ledger in PostgreSQL: one order for all writers, each token once, no entry on facts that have changed."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.kernel.database import APPLICATION_ROLE, arguments
from ledger.bundle.files import CHECKPOINT, CHECKPOINTS, POLICY, VKEY
from ledger.format import canonical, entry, merkle, note, tiles
from ledger.log import head, publication, store
from ledger.log.anchor import Anchor
from ledger.log.head import read_head
from ledger.log.sequencer import Sequencer, SequencerClosed
from ledger.verification.verify import verify
from tests.support.ledgers.logs import OneKey

WORKERS = 8
EACH = 1000
ROOT = Path(__file__).parents[3]
CONTESTED = 200
NOW = datetime.now(UTC)
SIGNER = note.Signer("store.example/ledger/1", bytes(range(32)))


@pytest.fixture
async def pool(empty_database: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(
        **arguments(empty_database), min_size=2, max_size=8, server_settings={"role": APPLICATION_ROLE}
    ) as opened:
        yield opened


def submission(number: int, **conditions: Any) -> store.Submission:
    return store.Submission(canonical.dumps({"number": number}), **conditions)


def token(name: str, *, minutes: float = 5) -> store.Nonce:
    return store.Nonce.of("key", name, expires_at=datetime.now(UTC) + timedelta(minutes=minutes))


async def append(pool: asyncpg.Pool, *submissions: store.Submission, **options: Any) -> list[store.Outcome]:
    async with pool.acquire() as connection, connection.transaction():
        return await store.append(connection, submissions, **options)


async def leaves_of(pool: asyncpg.Pool) -> list[bytes]:
    async with pool.acquire() as connection:
        size = (await read_head(connection)).size
        return await store.read_leaves(connection, 0, size)


async def write_bundle(pool: asyncpg.Pool, directory: Path) -> None:
    """The ledger as an export holds it."""
    async with pool.acquire() as connection:
        published = await publication.latest(connection)
        assert published is not None
        files = {
            CHECKPOINT: published.note.encode(),
            VKEY: f"{SIGNER.vkey}\n".encode(),
            POLICY: f"log {SIGNER.vkey}\nquorum none\n".encode(),
        }
        for checkpoint in await publication.checkpoints(connection, after=0, limit=1000):
            files[f"{CHECKPOINTS}/{checkpoint.size}"] = checkpoint.note.encode()
        for start in range(0, published.size, tiles.WIDTH):
            stop = min(published.size, start + tiles.WIDTH)
            leaves = await store.read_leaves(connection, start, stop)
            files[tiles.entries_path(start // tiles.WIDTH, stop - start)] = tiles.pack(leaves)
        for row in await connection.fetch("SELECT level, index FROM ledger_tile"):
            width = tiles.width(row["level"], row["index"], published.size)
            files[tiles.path(row["level"], row["index"], width)] = await publication.read_tile(
                connection, row["level"], row["index"], width
            )
    for path, content in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)


async def race(url: str) -> list[dict[str, Any]]:
    """Start the workers, release them together, and collect their answers."""
    database = json.dumps({**arguments(url), "server_settings": {"role": APPLICATION_ROLE}})
    workers = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.processes.appender",
            *(database, str(worker), str(EACH), str(CONTESTED)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for worker in range(WORKERS)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"ready\n"
    outputs = await asyncio.gather(*(worker.communicate(b"go\n") for worker in workers))
    assert [worker.returncode for worker in workers] == [0] * WORKERS
    return [json.loads(output) for output, _ in outputs]


@pytest.mark.endurance
async def test_eight_processes_append_without_a_fork_or_a_gap(
    pool: asyncpg.Pool, empty_database: str, tmp_path: Path
) -> None:
    results = await race(empty_database)

    leaves = await leaves_of(pool)
    parsed = [entry.parse(leaf) for leaf in leaves]
    assert [parsed_entry.seq for parsed_entry in parsed] == list(range(WORKERS * EACH + CONTESTED))
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    assert [parsed_entry.prev for parsed_entry in parsed] == [entry.GENESIS, *hashes[:-1]]
    assert len({parsed_entry.prev for parsed_entry in parsed}) == len(parsed)

    # The ledger has the entries that each worker was answered, and every entry was answered to a worker.
    indexes = [index for result in results for index in result["indexes"]]
    won = [index for result in results for index in result["won"].values()]
    assert sorted(indexes + won) == list(range(len(parsed)))
    for result in results:
        for number, index in enumerate(result["indexes"]):
            assert parsed[index].body == {"worker": result["worker"], "number": number}

    # Each contested token was used by one process, and refused to the others.
    assert sorted(int(name) for result in results for name in result["won"]) == list(range(CONTESTED))
    assert sum(result["lost"] for result in results) == CONTESTED * (WORKERS - 1)
    for result in results:
        for name, index in result["won"].items():
            assert parsed[index].body == {"worker": result["worker"], "token": int(name)}

    async with pool.acquire() as connection:
        await publication.publish(connection, OneKey(SIGNER), anchor=Anchor(tmp_path / "anchor", SIGNER.name), now=NOW)
    await write_bundle(pool, tmp_path)
    report = verify(tmp_path, verifier=SIGNER.verifier)
    assert report.findings == ()
    assert report.size == len(parsed)
    assert report.root == merkle.root(hashes).hex()


async def test_a_submission_rests_on_the_fence_it_names(pool: asyncpg.Pool) -> None:
    assert await append(pool, submission(0, fence=0)) == [0]
    assert await append(pool, submission(1), advance_fence=True) == [1]

    [refused] = await append(pool, submission(2, fence=0))
    assert isinstance(refused, store.FenceMoved)
    assert refused.fence == 1
    assert await append(pool, submission(2, fence=1)) == [2]
    assert len(await leaves_of(pool)) == 3


async def test_the_fence_cannot_move_between_the_check_and_the_entry(pool: asyncpg.Pool) -> None:
    """A revocation that holds the head makes everything that rested on the fact before it wait, and then refuses it."""
    async with pool.acquire() as revoking:
        transaction = revoking.transaction()
        await transaction.start()
        assert await store.append(revoking, [submission(0)], advance_fence=True) == [0]
        waiting = [asyncio.create_task(append(pool, submission(number, fence=0))) for number in range(1, 5)]
        ended, _ = await asyncio.wait(waiting, timeout=0.2)
        assert not ended
        await transaction.commit()
    outcomes = [outcome for [outcome] in await asyncio.gather(*waiting)]
    assert all(isinstance(outcome, store.FenceMoved) for outcome in outcomes)
    assert len(await leaves_of(pool)) == 1


async def test_a_revocation_that_is_rolled_back_moves_nothing(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as revoking:
        transaction = revoking.transaction()
        await transaction.start()
        await store.append(revoking, [submission(0)], advance_fence=True)
        waiting = asyncio.create_task(append(pool, submission(1, fence=0)))
        await transaction.rollback()
    assert await waiting == [0]
    assert json.loads((await leaves_of(pool))[0])["body"] == {"number": 1}


async def test_a_token_is_used_once_by_entries_that_were_appended(pool: asyncpg.Pool) -> None:
    [moved] = await append(pool, submission(0, nonce=token("a"), fence=7))
    assert isinstance(moved, store.FenceMoved)
    # The refused submission did not use its token up; the next one does.
    assert await append(pool, submission(0, nonce=token("a"), fence=0)) == [0]
    [replayed] = await append(pool, submission(1, nonce=token("a")))
    assert isinstance(replayed, store.Replayed)


async def test_what_is_sealed_stands_beside_the_entries_that_were_appended_and_no_others(pool: asyncpg.Pool) -> None:
    def sealed(*names: bytes) -> tuple[store.Sealed, ...]:
        return tuple(store.Sealed(name, b"nonce", b"of " + name) for name in names)

    outcomes = await append(
        pool,
        submission(0, sealed=sealed(b"a", b"b")),
        submission(1, fence=9, sealed=sealed(b"c")),
        submission(2),
        submission(3, nonce=token("a"), sealed=sealed(b"a")),
        submission(4, nonce=token("a"), sealed=sealed(b"d")),
    )
    assert [outcome if isinstance(outcome, int) else type(outcome) for outcome in outcomes] == [
        0, store.FenceMoved, 1, 2, store.Replayed,
    ]  # fmt: skip
    async with pool.acquire() as connection:
        rows = await connection.fetch("SELECT seq, subject, ciphertext FROM ledger_sealed ORDER BY seq, subject")
    assert [tuple(row) for row in rows] == [(0, b"a", b"of a"), (0, b"b", b"of b"), (2, b"a", b"of a")]
    with pytest.raises(asyncpg.UniqueViolationError):
        await append(pool, submission(5, sealed=sealed(b"a", b"a")))
    assert len(await leaves_of(pool)) == 3


async def test_the_people_in_an_answer_stand_beside_its_entry(pool: asyncpg.Pool) -> None:
    many, few = bytes([0b1010_0101]) * 32, bytes(1000) + bytes([0b100, 0, 1])
    outcomes = await append(
        pool,
        submission(0, people=store.People(b"k0", 256, many, 7)),
        submission(1, fence=9, people=store.People(b"k1", 256, few)),
        submission(2, people=store.People(b"k2", 256, few)),
        submission(3, people=store.People(b"k3", withheld=1)),
        submission(4, people=store.People(b"k4", 256, b"")),
    )
    assert [outcome if isinstance(outcome, int) else 0 for outcome in outcomes] == [0, 0, 1, 2, 3]
    async with pool.acquire() as connection:
        rows = await connection.fetch("SELECT seq, key, size, withheld, width, bits FROM ledger_people ORDER BY seq")
        people = await connection.fetch("SELECT seq, number FROM ledger_person ORDER BY seq, number")
    assert [tuple(row) for row in rows] == [
        (0, b"k0", 256, 7, 32, many),
        (1, b"k2", 256, None, 1003, None),
        (2, b"k3", None, 1, None, None),
        (3, b"k4", 256, None, 0, None),
    ]
    assert [tuple(row) for row in people] == [(1, 8002), (1, 8016)]


async def test_what_rests_on_an_epoch_is_refused_once_it_has_moved(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        rows = await connection.fetch("INSERT INTO consent_scopes (epoch) VALUES (4), (9) RETURNING scope")
    first, second = (row["scope"] for row in rows)
    outcomes = await append(
        pool,
        submission(0, epochs=((first, 4), (second, 9)), nonce=token("a")),
        submission(1, epochs=((first, 3),), nonce=token("b"), people=store.People(b"key", withheld=1)),
        submission(2),
        submission(3, epochs=((second, 9), (first, 5))),
        submission(4, epochs=((1 << 30, 0),)),
        submission(5, epochs=((first, 3),), fence=9),
    )
    assert [outcome if isinstance(outcome, int) else type(outcome) for outcome in outcomes] == [
        0, store.EpochMoved, 1, store.EpochMoved, store.EpochMoved, store.FenceMoved,
    ]  # fmt: skip
    again = submission(1, epochs=((first, 4),), nonce=token("b"))
    assert await append(pool, again) == [2], "a refusal uses up no nonce"
    async with pool.acquire() as connection:
        assert await connection.fetch("SELECT FROM ledger_people") == []


@given(st.sets(st.integers(0, 5000)))
def test_the_numbers_in_a_bitmap(numbers: set[int]) -> None:
    bits = bytearray(626)
    for number in numbers:
        bits[number // 8] |= 1 << number % 8
    assert store.numbers_in(bytes(bits)) == sorted(numbers)


async def test_a_token_is_used_once_within_a_batch(pool: asyncpg.Pool) -> None:
    first, second, other = await append(
        pool, submission(0, nonce=token("a")), submission(1, nonce=token("a")), submission(2, nonce=token("b"))
    )
    assert (first, other) == (0, 1)
    assert isinstance(second, store.Replayed)


async def test_a_token_given_back_and_used_again_in_one_batch_stays_used(pool: asyncpg.Pool) -> None:
    moved, used = await append(pool, submission(0, nonce=token("a"), fence=9), submission(1, nonce=token("a"), fence=0))
    assert isinstance(moved, store.FenceMoved)
    assert used == 0
    [replayed] = await append(pool, submission(2, nonce=token("a")))
    assert isinstance(replayed, store.Replayed)


async def test_a_token_that_comes_too_late_by_the_database_is_refused(pool: asyncpg.Pool) -> None:
    late = token("late", minutes=-1)
    first, expired, repeated, other = await append(
        pool, submission(0, nonce=token("a")), submission(1, nonce=late), submission(2, nonce=late), submission(3)
    )
    assert (first, other) == (0, 1)
    assert isinstance(expired, store.Expired)
    assert isinstance(repeated, store.Expired)
    async with pool.acquire() as connection:
        with pytest.raises(store.Expired):
            await store.use_nonce(connection, token("later", minutes=-1))
        await store.use_nonce(connection, token("b"))
        with pytest.raises(store.Replayed):
            await store.use_nonce(connection, token("b"))
    assert len(await leaves_of(pool)) == 2


async def test_a_token_is_remembered_until_it_could_not_be_accepted_anyway(pool: asyncpg.Pool) -> None:
    """Forgetting keeps a margin, since the database's clock may be set back."""
    await append(pool, submission(0, nonce=token("new")))
    async with pool.acquire() as connection:
        for name, minutes in (("long ago", -60), ("just now", -1)):
            with pytest.raises(store.Expired):
                await store.use_nonce(connection, token(name, minutes=minutes))
        await store.delete_expired_nonces(connection)
        rows = await connection.fetch("SELECT token FROM ledger_once")
    assert {row["token"] for row in rows} == {token("new").token, token("just now").token}
    [new] = await append(pool, submission(2, nonce=token("new")))
    assert isinstance(new, store.Replayed)


async def test_whoever_holds_the_fence_delays_changes_and_nothing_else(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as holding, pool.acquire() as changing, pool.acquire() as other:
        transaction = holding.transaction()
        await transaction.start()
        await head.hold_fence(holding, seconds=60)
        waiting = asyncio.create_task(change_fence(changing))
        while not await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert await store.append(holding, [submission(0, fence=0)]) == [0]
        async with pool.acquire() as more:
            late = asyncio.create_task(append(pool, submission(1, fence=0)))
            assert (await read_head(more)).fence == 0
        await transaction.rollback()
        await waiting
        [outcome] = await late
        assert (await read_head(other)).fence == 1
        assert outcome == 0 or isinstance(outcome, store.FenceMoved)


async def test_the_fence_is_not_held_for_longer_than_was_asked(pool: asyncpg.Pool) -> None:
    """The database ends it, whatever happened to the process that holds it."""
    async with pool.acquire() as holding, pool.acquire() as changing:
        transaction = holding.transaction()
        await transaction.start()
        await head.hold_fence(holding, seconds=0.2)
        await asyncio.wait_for(change_fence(changing), 10)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await store.append(holding, [submission(0)])
    async with pool.acquire() as changing, changing.transaction():
        await head.lock_changes(changing)
        async with pool.acquire() as holding, holding.transaction():
            with pytest.raises(head.FenceBusy):
                await head.hold_fence(holding, seconds=0.2)


async def change_fence(connection: asyncpg.Connection) -> None:
    """Advance the fence, as a transaction does that changes what decisions rest on."""
    async with connection.transaction():
        await head.lock_changes(connection)
        await store.append(connection, [submission(9)], advance_fence=True)


def test_an_entry_that_is_too_large_never_shares_a_commit_with_others() -> None:
    with pytest.raises(entry.EntryTooLarge):
        store.Submission(canonical.dumps({"text": "x" * entry.MAX_ENTRY}))


async def test_a_sequencer_that_stopped_takes_nothing_more(pool: asyncpg.Pool) -> None:
    sequencer = Sequencer(pool)
    assert await sequencer.append(submission(0)) == 0
    await sequencer.stop()
    with pytest.raises(SequencerClosed):
        await asyncio.wait_for(sequencer.append(submission(1)), timeout=2)
    assert len(await leaves_of(pool)) == 1


async def test_a_waiting_request_that_is_cancelled_does_not_stop_the_others(pool: asyncpg.Pool) -> None:
    sequencer = Sequencer(pool)
    tasks = [asyncio.create_task(sequencer.append(submission(number))) for number in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    indexes = await asyncio.gather(*tasks[1::2])
    await sequencer.stop()
    leaves = [json.loads(leaf)["body"]["number"] for leaf in await leaves_of(pool)]
    assert [leaves[index] for index in indexes] == list(range(1, 20, 2))


async def test_a_lost_connection_fails_the_batch_and_not_the_sequencer(pool: asyncpg.Pool, empty_database: str) -> None:
    sequencer = Sequencer(pool)
    assert await sequencer.append(submission(0)) == 0
    owner = await asyncpg.connect(**arguments(empty_database))
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("SELECT * FROM ledger_head FOR UPDATE")
    waiting = asyncio.create_task(sequencer.append(submission(1)))
    while not await owner.fetch("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)  # until it waits for the head
    await transaction.rollback()
    await owner.close()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await waiting
    assert await sequencer.append(submission(2)) == 1
    await sequencer.stop()


async def test_a_connection_lost_while_nothing_waits_costs_no_entry(pool: asyncpg.Pool, empty_database: str) -> None:
    sequencer = Sequencer(pool)
    assert await sequencer.append(submission(0)) == 0
    idle = pool.get_idle_size()
    owner = await asyncpg.connect(**arguments(empty_database))
    await owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%ledger_append%' AND pid <> pg_backend_pid()"
    )
    await owner.close()
    while pool.get_idle_size() == idle:  # noqa: ASYNC110
        await asyncio.sleep(0.01)  # until this side has heard of it
    assert await sequencer.append(submission(1)) == 1
    await sequencer.stop()
