"""A governed single-record read against a bare route that returns the same document.

Governed: the signature verified, the policy's decision, one record read from PostgreSQL under a mask and a row filter,
the entry durable on the ledger, the answer signed. The person whom the question names is sealed beside the entry; most
are asked for once before. Beside these, people who are asked for for the first time, when a key is made for each. Bare: a
FastAPI route of the same process, of the same answer, asked without a signature. Rounds of all three alternate.
"""

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import httpx2

import signatures
from benchmarks.figures import cpu_seconds, ratio, spread
from benchmarks.ground import PURPOSE, TABLE, TABLE_ROWS, Ground
from benchmarks.load import Round, send_all
from data_exchange_client import SigningKey

CONNECTIONS = 32
ROUNDS = 7
REQUESTS = 2_000
BARE_REQUESTS = 4_000
PEOPLE = 1_000
"""Those who are known; whoever comes after them in the table has not been asked for."""
_WARM_UP = 1_000
_LIFETIME = 120
_PATH = "/api/v1/deliveries"


@dataclass(frozen=True, slots=True)
class Measured:
    """A round, and the processor time in microseconds that the server spent on each request."""

    round: Round
    cpu_us: float


def governed_requests(on: Ground, key: SigningKey, count: int, *, seed: int) -> list[bytes]:
    """Signed requests, each for another record, as they go over the wire."""
    chosen = random.Random(seed)
    return [_governed(on, key, chosen.randint(1, PEOPLE)) for _ in range(count)]


def requests_for(on: Ground, key: SigningKey, people: Iterable[int], *, dataset: str = TABLE) -> list[bytes]:
    """A signed request for each of some people."""
    return [_governed(on, key, person, dataset=dataset) for person in people]


def _governed(on: Ground, key: SigningKey, person: int, *, dataset: str = TABLE) -> bytes:
    question = {"dataset": dataset, "filters": [{"field": "person_id", "op": "eq", "value": person}], "limit": 1}
    body = json.dumps(question).encode()
    headers = {"content-digest": signatures.content_digest(body), "exchange-purpose": PURPOSE}
    now = int(time.time())
    headers |= signatures.sign_request(
        key=key.pair,
        keyid=key.keyid,
        method="POST",
        target_uri=f"{on.url}{_PATH}",
        headers=headers,
        created=now,
        expires=now + _LIFETIME,
        nonce=signatures.new_nonce(),
    )
    headers |= {"host": f"localhost:{on.port}", "content-type": "application/json", "content-length": str(len(body))}
    lines = [f"POST {_PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def bare_requests(on: Ground, count: int) -> list[bytes]:
    """Requests for the bare route."""
    return [f"GET /bare HTTP/1.1\r\nhost: localhost:{on.port}\r\n\r\n".encode()] * count


def one_answer(on: Ground, key: SigningKey) -> dict[str, Any]:
    """The document a governed read answers with."""
    with on.client(key) as client:
        delivery = client.fetch(TABLE, purpose=PURPOSE, filters=[("person_id", "eq", 2)], limit=1)
        document: dict[str, Any] = json.loads(delivery.content)  # type: ignore[arg-type]
    assert len(document["rows"]) == 1
    return document


def measure(on: Ground, pid: int, key: SigningKey) -> dict[str, Any]:
    """Alternating rounds of governed and bare requests, then the stages of governed ones."""
    seeds = iter(range(10_000))
    strangers = iter(range(PEOPLE + 1, TABLE_ROWS + 1))

    def governed(count: int = REQUESTS, connections: int = CONNECTIONS) -> Measured:
        return _measured(on, pid, governed_requests(on, key, count, seed=next(seeds)), connections)

    def bare(count: int = BARE_REQUESTS, connections: int = CONNECTIONS) -> Measured:
        return _measured(on, pid, bare_requests(on, count), connections)

    def first(count: int = REQUESTS) -> Measured:
        return _measured(on, pid, requests_for(on, key, islice(strangers, count)), CONNECTIONS)

    _check_same_answer(on, key)
    _measured(on, pid, requests_for(on, key, range(1, PEOPLE + 1)), CONNECTIONS)
    governed(_WARM_UP)
    bare(_WARM_UP)
    before = _entries(on)
    rounds = [(governed(), bare(), first()) for _ in range(ROUNDS)]
    written = _entries(on) - before
    assert written == 2 * ROUNDS * REQUESTS, "every governed read has to leave one entry"
    known, single, new = ([triple[place] for triple in rounds] for place in range(3))
    rates, bare_rates, new_rates = ([measured.round.rate for measured in several] for several in (known, single, new))
    return {
        "governed_over_bare": ratio(rates, bare_rates)["median"],
        "ratio": ratio(rates, bare_rates),
        "first_over_bare": ratio(new_rates, bare_rates),
        "governed": _figures(known),
        "first": _figures(new),
        "bare": _figures(single),
        "in_flight": CONNECTIONS,
        "stages": _stages(on, governed),
    }


def _measured(on: Ground, pid: int, requests: list[bytes], connections: int) -> Measured:
    before = cpu_seconds(pid)
    sent_round = send_all(on.port, requests, connections=connections)
    return Measured(sent_round, (cpu_seconds(pid) - before) / len(requests) * 1e6)


def _figures(rounds: list[Measured]) -> dict[str, Any]:
    return {
        "per_s": spread([measured.round.rate for measured in rounds], 0),
        "p50_ms": spread([measured.round.percentile(50) for measured in rounds]),
        "p99_ms": spread([measured.round.percentile(99) for measured in rounds]),
        "cpu_us": spread([measured.cpu_us for measured in rounds], 0),
        "requests_a_round": rounds[0].round.requests,
    }


def _check_same_answer(on: Ground, key: SigningKey) -> None:
    """The bare route gives what the governed one does, but for the id of the delivery."""
    own, other = httpx2.get(f"{on.url}/bare").json(), one_answer(on, key)
    assert own | {"delivery": ""} == other | {"delivery": ""}


def _entries(on: Ground) -> int:
    """The number of entries, by the latest checkpoint once it covers all there are."""
    deadline = time.monotonic() + 30
    last, size = -1, 0
    while size != last and time.monotonic() < deadline:
        time.sleep(2.5)
        last, size = size, int(httpx2.get(f"{on.url}/ledger/checkpoint").text.splitlines()[1])
    return size


def _stages(on: Ground, governed: Callable[..., Measured]) -> dict[str, Any]:
    """Shares of a lone request's latency, and of the processor time of a request among many."""
    alone, _ = _clocked(on, lambda: governed(300, 1))
    many, cpu_us = _clocked(on, governed)
    latency = _per_request(alone, "wall")
    cpu = _per_request(many, "cpu")
    inside, whole = cpu.pop("all"), latency.pop("all")
    latency["the rest of the handler"] = whole - sum(latency.values())
    cpu["the rest of the handler"] = inside - sum(cpu[name] for name in cpu if name != "make it durable")
    cpu["server, routing, drivers, loop"] = cpu_us - sum(cpu.values())
    return {"latency_alone": dict(_shares(latency)), "cpu_among_many": dict(_shares(cpu))}


def _clocked(on: Ground, load: Callable[[], Measured]) -> tuple[dict[str, Any], float]:
    httpx2.post(f"{on.url}/benchmark/stages").raise_for_status()
    cpu_us = load().cpu_us
    return httpx2.request("DELETE", f"{on.url}/benchmark/stages").json(), cpu_us


def _per_request(report: dict[str, Any], key: str) -> dict[str, float]:
    return {name: people_exchange[key] / report["requests"] * 1e6 for name, people_exchange in report["stages"].items()}


def _shares(us: dict[str, float]) -> Iterator[tuple[str, dict[str, float]]]:
    whole = sum(us.values())
    for name, value in us.items():
        yield name, {"us": round(value, 1), "share": round(value / whole, 3)}
