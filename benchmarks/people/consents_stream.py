"""Deliveries by consent against the same deliveries without: a stream of a million rows, single records, withdrawals.

Millions of people have numbers, and millions of consents are in force, in the scope of the notice and in others. Everybody
in the file consents, so that both streams have the same rows. Rounds of both alternate.
"""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pyarrow as pa

from benchmarks import stream
from benchmarks.delivery import requests_for
from benchmarks.figures import cpu_seconds, ratio, spread
from benchmarks.ground import BY_CONSENT, FILE, PURPOSE, TABLE, TABLE_ROWS, Ground, Party, server
from benchmarks.load import send_all
from data_exchange_client import SigningKey
from data_exchange_client.signing import SignedAuth
from exchange.kernel.database import arguments
from exchange.kernel.keys.keyring import SEAL
from exchange.kernel.keys.sealing import load_or_create
from exchange.subjects.identity import SubjectKey, scheme_of
from exchange.subjects.numbers import Lookups

ROUNDS = 5
CONNECTIONS = 32
REQUESTS = 1_000
WITHDRAWALS = 20
LEAST_PEOPLE = 2 * stream.ROWS + TABLE_ROWS
"""Those in the file and in the table."""
_OTHER_SCOPES = 20
_FIELDS = ["person_id", "name", "city", "born"]


def measure(on: Ground, pid: int, owner: Party, platform: Party, *, people: int, consents: int) -> dict[str, Any]:
    """The figures, for so many people with numbers and consents in force. `pid` is the server's."""
    notices = {name: _notice(on, owner, name) for name in (FILE, TABLE)}
    begun = time.perf_counter()
    asyncio.run(_fill(on, owner, people=people, consents=consents))
    filled = time.perf_counter() - begun
    key = platform.system
    waited = _wait_for_sidecar(on, key)
    pairs = [
        (stream.governed_stream(on, key, FILE + BY_CONSENT), stream.governed_stream(on, key)) for _ in range(ROUNDS)
    ]
    points = list(_points(on, pid, key))
    return {
        "stream_over_plain": ratio([with_consent for with_consent, _ in pairs], [plain for _, plain in pairs]),
        "stream_seconds": spread([with_consent for with_consent, _ in pairs], 3),
        "plain_seconds": spread([plain for _, plain in pairs], 3),
        "point_over_plain": ratio([rate for rate, _, _, _ in points], [rate for _, rate, _, _ in points]),
        "point_cpu_us": spread([cpu for _, _, cpu, _ in points], 0),
        "plain_point_cpu_us": spread([cpu for _, _, _, cpu in points], 0),
        "withdrawal_s": _withdrawals(on, owner, key, notices[TABLE]),
        "withdrawal_in_stream_s": _withdrawal_in_stream(on, owner, key, notices[FILE]),
        "sidecar_s": round(waited, 1),
        "memory_mib": _memory(pid),
        "people": people,
        "consents": consents,
        "filled_s": round(filled, 1),
    }


def _notice(on: Ground, owner: Party, dataset: str) -> str:
    """Publish a notice; returns its id."""
    document = {
        "dataset": dataset + BY_CONSENT,
        "recipient": "benchmark-platform",
        "purpose": PURPOSE,
        "fields": _FIELDS,
        "version": "1",
        "text": "测试告知书",
        "controller": {"name": "测试", "contact": "0571-00000000"},
        "recipient_contact": {"name": "测试", "contact": "0571-11111111"},
        "purpose_text": "人才服务",
        "processing": "接口查询",
        "retention_days": 365,
        "retention_basis": "服务期",
        "at_expiry": "删除",
        "term_days": 730,
        "rights": "向数据处室提出",
        "withdrawal": "与同意同样方便",
        "in_use_since": "2020-01-01T00:00:00+08:00",
    }
    with on.client(owner.steward) as client:
        return str(client.request("POST", "/api/v1/consent-notices", json=document).json()["id"])


async def _fill(on: Ground, owner: Party, *, people: int, consents: int) -> None:
    """Give numbers to people of the file, of the table, and to others, and consents to all of them."""
    lookups = Lookups(
        load_or_create(on.directory / "exchange" / "keys" / SEAL),
        scheme_of(UUID(owner.id), SubjectKey("person_id", "string")),
    )

    def numbered() -> Iterator[tuple[bytes]]:
        for index in range(people - TABLE_ROWS):
            yield (lookups.of(f"P{index:09d}"),)
        for index in range(1, TABLE_ROWS + 1):
            yield (lookups.of(str(index)),)

    connection = await asyncpg.connect(**arguments(on.database))
    try:
        await connection.execute(
            "DROP INDEX ix_consent_now_subject; DROP INDEX ix_consent_now_scope_until; SET synchronous_commit = off"
        )
        await connection.copy_records_to_table("subject_numbers", records=numbered(), columns=["lookup"])
        await connection.execute(
            "INSERT INTO consent_now SELECT scope, number, now() + interval '1 year' FROM consent_notices, subject_numbers"
        )
        await connection.execute(
            "INSERT INTO consent_scopes (epoch) SELECT 0 FROM generate_series(1, $1::integer)", _OTHER_SCOPES
        )
        left = max(0, consents - 2 * people)
        await connection.execute(
            "INSERT INTO consent_now SELECT s.scope, n.number, now() + interval '1 year' FROM (SELECT scope FROM consent_scopes "
            "EXCEPT SELECT scope FROM consent_notices) s, generate_series(0, $1::integer - 1) AS n (number)",
            left // _OTHER_SCOPES,
        )
        await connection.execute(
            "CREATE INDEX ix_consent_now_subject ON consent_now (subject); "
            "CREATE INDEX ix_consent_now_scope_until ON consent_now (scope, until)"
        )
        await connection.execute("UPDATE consent_scopes SET revision = revision + 1")
        await connection.execute("ANALYZE subject_numbers, consent_now, consent_scopes")
    finally:
        await connection.close()


def _wait_for_sidecar(on: Ground, key: SigningKey) -> float:
    """Stream until the sidecar is there; returns the seconds."""
    begun = time.perf_counter()
    stream.governed_stream(on, key, FILE + BY_CONSENT)
    while not list((on.directory / "exchange" / "people").glob("*.people")):
        time.sleep(0.5)
    stream.governed_stream(on, key, FILE + BY_CONSENT)
    return time.perf_counter() - begun


def _points(on: Ground, pid: int, key: SigningKey) -> Iterator[tuple[float, float, float, float]]:
    """Rounds of single records: rates with consent and without, and the processor time of each in µs a request."""
    chosen = random.Random(7)
    for number in range(ROUNDS + 1):
        persons = [chosen.randint(1, 1_000) for _ in range(REQUESTS)]
        figures = []
        for dataset in (TABLE + BY_CONSENT, TABLE):
            requests = requests_for(on, key, persons, dataset=dataset)
            before = cpu_seconds(pid)
            rate = send_all(on.port, requests, connections=CONNECTIONS).rate
            figures.append((rate, (cpu_seconds(pid) - before) / REQUESTS * 1e6))
        if number:
            yield figures[0][0], figures[1][0], figures[0][1], figures[1][1]


def _withdraw(on: Ground, owner: Party, notice: str, value: Any) -> float:
    """Withdraw; returns when the answer was there, in seconds of the performance counter."""
    with on.client(owner.steward) as client:
        client.request(
            "POST", "/api/v1/consents/decisions", json={"notice": notice, "value": value, "decision": "withdrawn"}
        )
    return time.perf_counter()


def _give(on: Ground, owner: Party, notice: str, value: Any) -> None:
    document = {"notice": notice, "value": value, "decision": "given", "method": "window", "proof": "ab" * 32}
    with on.client(owner.steward) as client:
        client.request("POST", "/api/v1/consents/decisions", json=document)


def _withdrawals(on: Ground, owner: Party, key: SigningKey, notice: str) -> dict[str, Any]:
    """Seconds from the answer to a withdrawal by one process until another answers without the person's row."""
    with server(on, port=on.port + 1):
        other = f"http://localhost:{on.port + 1}"
        seconds = []
        for number in range(WITHDRAWALS):
            person = 2_000 + number
            _give(on, owner, notice, person)
            time.sleep(1.1)  # a decision has a time of its own, in whole seconds
            done = _withdraw(on, owner, notice, person)
            while _rows(on, other, key, person):
                pass
            seconds.append(time.perf_counter() - done)
    return spread(seconds, 3)


def _rows(on: Ground, url: str, key: SigningKey, person: int) -> int:
    [request] = requests_for(on, key, [person], dataset=TABLE + BY_CONSENT)
    head, _, body = request.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    answer = httpx2.post(f"{url}/api/v1/deliveries", content=body, headers=headers).raise_for_status()
    return len(answer.json()["rows"])


def _withdrawal_in_stream(on: Ground, owner: Party, key: SigningKey, notice: str) -> float:
    """Seconds from a withdrawal until the first batch after it that was released without the person; read slowly.

    The person is of the last row of the file, and the stream is read as batches come.
    """
    person = f"P{2 * stream.ROWS - 2:09d}"
    _give(on, owner, notice, person)
    time.sleep(1.1)
    question = {"dataset": FILE + BY_CONSENT, "fields": ["city", "born"]}
    headers = {"accept": "application/vnd.apache.arrow.stream", "exchange-purpose": PURPOSE}
    headers |= {"content-type": "application/json"}
    withdrawn = 0.0
    content = bytearray()
    with (
        httpx2.Client(base_url=on.url, auth=SignedAuth(key), timeout=120) as client,
        client.stream("POST", "/api/v1/deliveries", content=json.dumps(question), headers=headers) as answer,
    ):
        for chunk in answer.iter_raw():
            content += chunk
            if not withdrawn:
                withdrawn = _withdraw(on, owner, notice, person)
        seconds = time.perf_counter() - withdrawn
    rows = pa.ipc.open_stream(pa.BufferReader(bytes(content))).read_all().num_rows
    assert rows == stream.ROWS - 1, rows
    return round(seconds, 3)


def _memory(pid: int) -> float:
    """The greatest resident memory of the server, in MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:  # noqa: PTH123 - a file of the kernel
        line = next(line for line in status if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024, 1)
