"""Odd JSON in every place that takes JSON: answered with a problem or a success, never with a failure or its own value."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.exchanges.exchange import Key
from tests.support.exchanges.populated import CANARY, DELIVERIES, PopulatedExchange, organisation

TRIED = 6_879
NEST = "[" * 20_000 + "]" * 20_000
VALUES = (
    "null", "true", "-1", "0", "9" * 20, "9" * 400, "9" * 6000, "1e400", "-1e400", "1E-400", "NaN", "Infinity", "-Infinity",
    "1.5", "0.1e1", '""', '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', '"\u202e"', '"\u200b"', '"' + "a" * 5000 + '"',
    '"' + "a" * 50_000 + '"', "[]", "{}", "[[]]", '{"a":1}', "[null]", "[" * 300 + "]" * 300, NEST,
    '{"a":' * 10_000 + "1" + "}" * 10_000, '"9999-12-31T23:59:59.999999999999Z"', '"0000-01-01T00:00:00Z"', '"-0001-01-01"',
    '"2026-02-30"', '"2027-06-30T00:00:00+99:99"', '"１２３"', '"Ａ"', '"owner/people\\n"', '"../../etc/passwd"', '"%s%n"',
    "\"' OR 1=1 --\"", '"$(id)"', '"{{7*7}}"', f'"{CANARY}"', f'["{CANARY}"]',
    '"\\u007f\\u0080"', "2147483648", "9223372036854775808", "-0", "1e5", '"\\/\\/"', '"<script>"', '"人"',
    "-9223372036854775809", "4294967296", "0.1", "-0.0", "1e-7", "123456789012345678", '"0"', '"-1"', '"1e5"', '" "', '"\\t"',
    '"\\r\\n"', '"null"', '"true"', '"NaN"', '"[]"', '"{}"', "false", "[0]", '[""]', '["a","a"]', "[[],[]]", "[{}]",
    '{"":""}', '{"kind":"x"}', '{"field":"a","op":"eq","value":1}', '"urn:uuid:0"', '"00000000-0000-0000-0000-000000000000"',
    '"2026-13-01"', '"2026-01-01T25:00:00Z"', '"2026-01-01"', '"P1D"', '"a.b"', '"a/b/c"', '"%00"',
    '"\\ufeff"', '"é"', '"e\u0301"',
)  # fmt: skip
MARK = "@@HERE@@"

Place = tuple[Key, str, str, Any, str | None]


def places(populated: PopulatedExchange) -> list[Place]:
    """Every kind of document that a request brings: the key, method, address, a good document, and a purpose."""
    objects, owner, consumer = populated.objects, populated.owner, populated.consumer
    document = objects["draft"]["document"] if "document" in objects["draft"] else objects["people"]["document"]
    filters = [
        {"field": "name", "op": "eq", "value": "A"},
        {"field": "person_id", "op": "in", "value": [1]},
        {"field": "born", "op": "lt", "value": "2020-01-01"},
    ]
    fetch = {"dataset": "owner/people", "fields": ["name"], "filters": filters, "limit": 1, "cursor": "x"}
    draft = {"source": objects["table"]["id"], "handle": "draft", "document": document}
    options = {"sheet": "a", "header_row": 1, "encoding": "utf-8", "delimiter": ",", "missing": ["x"]}
    source = {"organisation": owner.id, "source": {"kind": "file", "title": "t", "options": options}}
    apply = populated.draft_application(objects["people"]) | {
        "row_filter": {"all": [{"field": "name", "op": "eq", "value": "A"}]}
    }
    explain = {"system": populated.ids["consumer-system"], "dataset": "owner/people", "purpose": "statistics",
               "fields": ["a"], "filtered": ["b"], "at": "2027-01-01T00:00:00Z"}  # fmt: skip
    module = {"organisation": owner.id, "module": "package exchange.owner\n", "tests": "package exchange.owner_test\n"}
    person = {"dataset": "owner/people", "value": "nobody"}
    hold = person | {"basis": "litigation", "reason": "r"}
    operator, security, auditor = (populated.keys[name] for name in ("operator", "security", "auditor"))
    return [
        (consumer.system, "POST", DELIVERIES, fetch, "talent-service"),
        (owner.steward, "PUT", f"/api/v1/datasets/{objects['draft']['id']}/draft", draft, None),
        (consumer.steward, "POST", "/api/v1/applications", apply, None),
        (consumer.steward, "POST", "/api/v1/policy/explanations", explain, None),
        (owner.steward, "POST", "/api/v1/sources", source, None),
        (owner.steward, "POST", "/api/v1/policy-modules", module, None),
        (auditor, "POST", "/api/v1/subjects/details", person | {"after": 0, "limit": 10}, None),
        (security, "POST", "/api/v1/subjects/holds", hold, None),
        (operator, "POST", "/api/v1/organisations", organisation(), None),
    ]


def pointers(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The place of each value in a document, of a list its first one's only."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, member in members:
        yield from pointers(member, (*path, name))


def replace(value: Any, path: tuple[str | int, ...]) -> Any:
    """A copy of a document with the mark at a place."""
    if not path:
        return MARK
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replace(copy[path[0]], path[1:])
    return copy


def bodies(document: Any) -> Iterator[bytes]:
    """A document with each odd value at each place, and a few that are odd as a whole."""
    for path in pointers(document):
        for value in VALUES:
            yield json.dumps(replace(document, path)).replace(f'"{MARK}"', value).encode("utf-8", "surrogatepass")
    good = json.dumps(document).encode()
    yield from (
        b"", b"\xef\xbb\xbf" + good, good.decode().encode("utf-16"), good[:-1] + b',"x":"\xe9"}', good + good, good + b"\0",
        good[:-1] + b"," + good[1:], b'{"zz":' + b"9" * 5000 + b"," + good[1:], good + b"//x", b"[" + good + b"]",
        json.dumps(good.decode()).encode(), NEST.encode(), b" " * (1 << 20) + good, good[:-1] + b',"__proto__":{"a":1}}',
    )  # fmt: skip


def names_field(body: bytes) -> bool:
    """Whether the odd value is the name of a field, which a refusal repeats on purpose when the dataset lacks it."""
    text = body.decode("utf-8", "replace")
    return any(f'{member}"{CANARY}' in text for member in ('"field": ', '"fields": [', '"filtered": ['))


async def check(populated: PopulatedExchange, *, every: int) -> int:
    """Send each so many bodies, and hold every answer to what an answer is; returns how many were sent."""
    wrong, count, number = [], 0, 0
    for key, method, target, document, purpose in places(populated):
        for body in bodies(document):
            number += 1
            if number % every:
                continue
            answer = await populated.send_signed(method, target, body, key=key, purpose=purpose)
            count += 1
            is_echo = CANARY.encode() in answer.content and answer.status >= 400 and not names_field(body)
            if answer.status >= 500 or is_echo or (answer.status >= 400 and not answer.problem):
                wrong.append((method, target, body[:200], answer.status, answer.problem))
    assert not wrong
    return count


async def test_odd_values_are_refused_without_a_failure(populated_exchange: PopulatedExchange) -> None:
    assert await check(populated_exchange, every=37) > 100


@pytest.mark.endurance
async def test_many_odd_values_are_refused_without_a_failure(populated_exchange: PopulatedExchange) -> None:
    assert await check(populated_exchange, every=1) >= TRIED
