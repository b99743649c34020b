"""Answers: what is true of a person by the owner's named conditions, without rows; and everything that is refused."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from exchange.answers.settings import AnswerSettings
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange
from tests.support.people.asking import OFFERED, Asking, offer_answers, start_asking
from tests.support.people.consenting import decide_ok, publish_notice

BOTH = ("holds-doctorate", "scores-ten")


@pytest.fixture
async def asking(settings: Settings) -> AsyncIterator[Asking]:
    async with start_asking(settings) as asking:
        yield asking


async def test_an_answer_is_yes_or_no_and_unknown_for_a_stranger(asking: Asking) -> None:
    verdicts = await asking.ask_ok("P00003", "P00010", "P00012", "P99999", answers=BOTH)
    assert verdicts == [
        {"holds-doctorate": "yes", "scores-ten": "no"},
        {"holds-doctorate": "no", "scores-ten": "yes"},
        {"holds-doctorate": "yes", "scores-ten": "yes"},
        {"holds-doctorate": "unknown", "scores-ten": "unknown"},
    ]


async def test_the_fields_of_an_answer_are_not_granted(asking: Asking) -> None:
    question = {"dataset": "owner/degrees", "fields": ["degree"]}
    rows = await asking.exchange.call(
        asking.consumer.system, "POST", "/api/v1/deliveries", question, purpose="talent-service"
    )
    assert rows.problem == "field-not-granted"
    filtered = {"dataset": "owner/degrees", "filters": [{"field": "degree", "op": "eq", "value": "博士"}]}
    rows = await asking.exchange.call(
        asking.consumer.system, "POST", "/api/v1/deliveries", filtered, purpose="talent-service"
    )
    assert rows.problem == "filter-not-granted"


async def test_an_agreement_may_grant_answers_alone(exchange: Exchange) -> None:
    asking = await offer_answers(exchange, approval={"fields": [], "answers": ["scores-ten"]})
    assert asking.agreement["answers"] == ["scores-ten"]
    assert await asking.ask_ok("P00012", answers=["scores-ten"]) == [{"scores-ten": "yes"}]
    refused = await asking.ask("P00012", answers=BOTH)
    assert refused.problem == "answer-not-granted"
    assert [reason["ref"] for reason in refused.json["reasons"]] == ["holds-doctorate"]
    rows = await exchange.call(
        asking.consumer.system, "POST", "/api/v1/deliveries", {"dataset": "owner/degrees"}, purpose="talent-service"
    )
    assert rows.problem == "nothing-granted"


async def test_the_entry_names_answers_and_pseudonyms_and_not_what_is_true(asking: Asking) -> None:
    answer = await asking.ask("P00003", answers=BOTH)
    entry = (await asking.exchange.read_entries())[int(answer.headers["exchange-entry"])]
    assert (entry["type"], entry["answers"], len(entry["subjects"])) == ("answer.given", list(BOTH), 1)
    text = json.dumps(entry)
    assert "P00003" not in text
    assert "yes" not in text


async def test_a_refusal_is_on_the_ledger(asking: Asking) -> None:
    refused = await asking.ask("P00003", purpose="statistics")
    assert refused.problem == "purpose-not-granted"
    entry = (await asking.exchange.read_entries())[int(refused.headers["exchange-entry"])]
    assert (entry["type"], entry["problem"]) == ("answer.refused", "purpose-not-granted")
    assert "answers" in entry


@pytest.mark.parametrize(
    ("people", "more", "problem", "at"),
    [
        (["P00003"], {"answers": ["is-rich"]}, "answer-unknown", "answers/0"),
        (["P00003", "P00003"], {}, "request-invalid", "body/people/1"),
        ([3], {}, "request-invalid", "body/people/0"),
        (["P00003"], {"field": "degree"}, "request-invalid", "body/field"),
        ([], {}, "request-invalid", "body/people"),
        (["P00003"], {"filters": []}, "request-invalid", "body/filters"),
        ([f"P{n:05d}" for n in range(21)], {}, "request-invalid", "body/people"),
    ],
)
async def test_a_wrong_question_names_the_place(
    asking: Asking, people: list[Any], more: dict[str, Any], problem: str, at: str
) -> None:
    answer = await asking.ask(*people, **more)
    assert (answer.problem, answer.json["errors"][0]["at"]) == (problem, at)
    entry = (await asking.exchange.read_entries())[int(answer.headers["exchange-entry"])]
    assert "is-rich" not in json.dumps(entry)


async def test_an_answer_whose_meaning_changed_is_no_longer_granted(asking: Asking) -> None:
    wider = [OFFERED[0] | {"where": "degree in ('博士', '本科')"}, OFFERED[1]]
    await asking.publish(answers=wider)
    refused = await asking.ask("P00001")
    assert refused.problem == "answer-not-granted"
    assert await asking.ask_ok("P00012", answers=["scores-ten"]) == [{"scores-ten": "yes"}]


async def test_an_answer_rests_on_the_rows_that_the_terms_let_through(asking: Asking) -> None:
    await asking.publish(row_filter="score < 12")
    assert await asking.ask_ok("P00003", "P00012") == [{"holds-doctorate": "yes"}, {"holds-doctorate": "unknown"}]


async def test_a_suspended_agreement_gives_no_answer(asking: Asking) -> None:
    address = f"/api/v1/agreements/{asking.agreement['id']}/suspension"
    await asking.exchange.call_ok(asking.owner.steward, "POST", address, {"reason": "核查"})
    assert (await asking.ask("P00003")).problem == "agreement-suspended"


async def test_nobody_is_asked_about_without_end(asking: Asking) -> None:
    exchange = asking.exchange
    settings = exchange.runtime[AnswerSettings]
    most = settings.answers_per_person_day
    tries = await asyncio.gather(*(asking.ask("P00003", answers=BOTH) for _ in range(4)))
    assert {answer.status for answer in tries} == {200}
    async with exchange.runtime.database.pool.acquire() as connection:
        await connection.execute("UPDATE answer_counts SET answers = $1", most - 3)
    tries = await asyncio.gather(*(asking.ask("P00003", answers=BOTH) for _ in range(4)))
    assert sorted(answer.status for answer in tries) == [200, 429, 429, 429]
    refused = next(answer for answer in tries if answer.status == 429)
    assert refused.problem == "answers-exceeded"
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    both = await asking.ask("P00004", "P00003", answers=BOTH)
    assert both.json["errors"][0]["at"] == "body/people/1"
    assert (await asking.ask("P00004", answers=BOTH)).status == 200  # the refused request counted nobody
    async with exchange.runtime.database.pool.acquire() as connection:
        assert await connection.fetchval("SELECT min(answers) FROM answer_counts") == 2


async def test_a_person_without_consent_is_as_unknown_as_a_stranger(exchange: Exchange) -> None:
    asking = await offer_answers(exchange, consent=True, basis=None)
    assert (await asking.ask("P00003")).problem == "consent-missing"
    notice = await publish_notice(exchange, asking.owner, "owner/degrees", "consumer", fields=["degree", "person_id"])
    assert await asking.ask_ok("P00003", "P99999") == [{"holds-doctorate": "unknown"}] * 2
    given = await decide_ok(exchange, asking.owner, notice, "P00003")
    answer = await asking.ask("P00003", "P00006")
    assert answer.json["people"] == [{"holds-doctorate": "yes"}, {"holds-doctorate": "unknown"}]
    entry = (await exchange.read_entries())[int(answer.headers["exchange-entry"])]
    assert len(entry["consents"]) == 1
    assert (
        await asking.ask("P00012", answers=["scores-ten"])
    ).problem == "consent-missing"  # the notice names no score
    await decide_ok(exchange, asking.owner, notice, "P00003", "withdrawn")
    assert await asking.ask_ok("P00003") == [{"holds-doctorate": "unknown"}]
    assert given["state"] == "given"


async def test_a_decision_on_answers_is_explained_and_replayed(asking: Asking) -> None:
    exchange = asking.exchange
    answer = await asking.ask("P00003")
    target = f"/api/v1/audit/entries/{answer.headers['exchange-entry']}/replay"
    replayed = await exchange.call_ok(exchange.keys["auditor"], "GET", target)
    assert replayed["verdict"] == "agrees"
    question = {
        "system": asking.consumer.system_id,
        "dataset": "owner/degrees",
        "purpose": "talent-service",
        "answers": ["holds-doctorate"],
    }
    explained = await exchange.call_ok(asking.owner.steward, "POST", "/api/v1/policy/explanations", question)
    assert explained["outcome"] == "allow"
    assert [each["name"] for each in explained["obligations"] if each["kind"] == "answer"] == ["holds-doctorate"]
    question["answers"] = ["is-rich"]
    refused = await exchange.call(asking.owner.steward, "POST", "/api/v1/policy/explanations", question)
    assert refused.problem == "answer-unknown"
