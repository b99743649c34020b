"""Records in JSON-LD with their evidence: everything that ISO/IEC TS 27560 demands, proved by entries, altered nowhere."""

import copy
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from exchange.consents.loading import tasks
from exchange.consents.tasks import EXPIRY
from exchange.kernel.clock import SettableClock
from exchange.kernel.loops import Loops
from exchange.settings import Settings
from ledger.verification.consents import ConsentUnproven, check, record_of
from tests.support.exchanges.people import DATASET, PeopleExchange, start_people
from tests.support.people.consenting import ago, decide_ok, publish_notice

PERSON = "P00001"
PROOF = "cd" * 32
MANDATORY = {
    "schema_version": "dx:schemaVersion",
    "record_id": "dct:identifier",
    "pii_principal_id": "dpv:hasDataSubject/dct:identifier",
    "privacy_notice": "dpv:hasNotice/@id",
    "language": "dpv:hasNotice/dct:language",
    "purpose": "dpv:hasProcess/dpv:hasPurpose/dct:description",
    "pii_information": "dpv:hasProcess/dpv:hasPersonalData/0/dct:identifier",
    "pii_controllers": "dpv:hasDataController/@id",
    "storage_locations": "dpv:hasProcess/dpv:hasStorageCondition/dpv:hasLocation",
    "retention_period": "dpv:hasProcess/dpv:hasStorageCondition/dpv:hasDuration",
    "jurisdiction": "dpv:hasJurisdiction",
    "recipient_third_parties": "dpv:hasRecipientThirdParty/@id",
    "withdrawal_method": "dx:withdrawalMethod",
    "privacy_rights": "dpv:hasRight",
    "party_address": "dpv:hasDataController/dpv:hasAddress",
    "party_name": "dpv:hasDataController/dpv:hasName",
    "party_contact": "dpv:hasDataController/dpv:hasContact",
    "party_type": "dpv:hasDataController/@type/0",
    "event_time": "dx:events/0/dx:eventTime",
    "validity_duration": "dx:events/0/dx:validUntil",
    "entity_id": "dx:events/0/dx:entity",
    "event_type": "dx:events/0/dx:eventType",
    "event_state": "dx:events/0/dx:eventState",
}
"""The mandatory fields of ISO/IEC TS 27560, each with its place."""


@pytest.fixture
async def people(settings: Settings) -> AsyncIterator[PeopleExchange]:
    async with start_people(settings) as people:
        yield people


async def receipt_of(people: PeopleExchange, consent: str) -> dict[str, Any]:
    document: dict[str, Any] = await people.call_ok(people.owner.steward, "GET", f"/api/v1/consents/{consent}/record")
    return document


def at(document: Any, path: str) -> Any:
    for part in path.split("/"):
        document = document[int(part)] if part.isdigit() else document[part]
    return document


async def test_a_record_has_every_mandatory_field(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer", frequency={"times": 10, "unit": "day"})
    given = await decide_ok(people, people.owner, notice, PERSON)
    record = (await receipt_of(people, given["id"]))["record"]
    for name, path in MANDATORY.items():
        assert at(record, path), name
    assert record["dpv:hasConsentStatus"] == "dpv:ConsentGiven"
    assert record["dx:accountAggregator"] == {
        "DataLife": {"unit": "DAY", "value": 365},
        "Frequency": {"times": 10, "unit": "day"},
    }
    assert PERSON not in json.dumps(record)


async def test_a_receipt_is_proved_by_its_entries_and_by_no_others(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    given = await decide_ok(people, people.owner, notice, PERSON, at=ago(people, days=2))
    await decide_ok(people, people.owner, notice, PERSON, "withdrawn", at=ago(people, days=1))
    receipt, bodies = await receipt_of(people, given["id"]), await people.read_entries()
    assert receipt["record"]["dpv:hasConsentStatus"] == "dpv:ConsentWithdrawn"
    check(receipt, bodies)
    other = await decide_ok(people, people.owner, notice, "P00002")
    check(await receipt_of(people, other["id"]), await people.read_entries())
    for missing in ("consent_notice.published", "consent.given", "consent.withdrawn"):
        with pytest.raises(ConsentUnproven):
            check(receipt, [body for body in bodies if body["type"] != missing])


ALTERATIONS: tuple[tuple[str, Any], ...] = (
    ("record/dpv:hasConsentStatus", "dpv:ConsentGiven"),
    ("record/dpv:hasRecipientThirdParty/dpv:hasName", "别的单位"),
    ("record/dx:events/0/dx:eventTime", "2020-01-01T00:00:00.000000Z"),
    ("evidence/notice/document/retention_days", 9999),
    ("evidence/notice/salt", "00" * 16),
    ("evidence/steps/0/statement/until", "2999-01-01T00:00:00.000000Z"),
    ("evidence/steps/1/statement/state", "given"),
    ("evidence/steps/1/salt", "00" * 16),
    ("evidence/steps", []),
    ("evidence", None),
)


async def test_no_part_of_a_receipt_can_be_altered(people: PeopleExchange) -> None:
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    given = await decide_ok(people, people.owner, notice, PERSON, at=ago(people, days=2))
    await decide_ok(people, people.owner, notice, PERSON, "withdrawn", at=ago(people, days=1))
    receipt, bodies = await receipt_of(people, given["id"]), await people.read_entries()
    for path, value in ALTERATIONS:
        altered = copy.deepcopy(receipt)
        parent, _, name = path.rpartition("/")
        (at(altered, parent) if parent else altered)[name] = value
        with pytest.raises(ConsentUnproven):
            check(altered, bodies)


async def test_a_receipt_shows_no_other_notice_than_the_one_that_was_shown(people: PeopleExchange) -> None:
    """An owner publishes a milder notice, and shows it in the receipts of consents to the first one."""
    notice = await publish_notice(people, people.owner, DATASET, "consumer", term_days=30)
    milder = await publish_notice(people, people.owner, DATASET, "consumer", term_days=60)
    target = f"/api/v1/consent-notices/{notice['id']}/decisions"
    text = f"person,decision,at,method,proof\nP00003,given,{ago(people, days=2).isoformat()},window,{PROOF}\n"
    assert (await people.call(people.owner.steward, "PUT", target, text.encode())).status == 200
    await people.runtime[Loops][tasks.MERGING].tick()
    given = await decide_ok(people, people.owner, notice, PERSON, at=ago(people, days=2))
    request = {"notice": notice["id"], "value": "P00003"}
    [loaded] = await people.call_ok(people.owner.steward, "POST", "/api/v1/consents/search", request)
    other = await decide_ok(people, people.owner, milder, PERSON)
    shown = (await receipt_of(people, other["id"]))["evidence"]["notice"]
    bodies = await people.read_entries()
    for consent in (given["id"], loaded["id"]):
        receipt = await receipt_of(people, consent)
        check(receipt, bodies)
        receipt["evidence"]["notice"] = shown
        with pytest.raises(ConsentUnproven, match="notice"):
            check(with_record(receipt), bodies)


def with_record(receipt: dict[str, Any]) -> dict[str, Any]:
    """A receipt whose record follows from its evidence, as somebody who forges it would make it."""
    record, evidence = receipt["record"], receipt["evidence"]
    principal = record["dpv:hasDataSubject"]["dct:identifier"]
    statements = [step["statement"] for step in evidence["steps"]]
    return receipt | {"record": record_of(record["dct:identifier"], principal, evidence["notice"], statements)}


async def test_an_expiry_follows_from_the_term(empty_database: str, tmp_path: Any) -> None:
    settings = Settings(data=tmp_path, database_url=empty_database, checkpoint_interval=0.1)
    async with start_people(settings, clock=SettableClock(datetime.now(UTC))) as people:
        notice = await publish_notice(people, people.owner, DATASET, "consumer", term_days=3)
        given = await decide_ok(people, people.owner, notice, PERSON)
        target = f"/api/v1/consent-notices/{notice['id']}/decisions"
        text = f"person,decision,at,method,proof\nP00003,given,{ago(people, days=2).isoformat()},window,{PROOF}\n"
        assert (await people.call(people.owner.steward, "PUT", target, text.encode())).status == 200
        await people.runtime[Loops][tasks.MERGING].tick()
        request = {"notice": notice["id"], "value": "P00003"}
        [loaded] = await people.call_ok(people.owner.steward, "POST", "/api/v1/consents/search", request)
        clock = people.runtime.clock
        assert isinstance(clock, SettableClock)
        clock.move(timedelta(days=3))
        await people.runtime[Loops][EXPIRY].tick()
        bodies = await people.read_entries()
        for consent in (loaded["id"], given["id"]):
            receipt = await receipt_of(people, consent)
            assert receipt["record"]["dpv:hasConsentStatus"] == "dpv:ConsentExpired"
            assert [event["dx:eventType"] for event in receipt["record"]["dx:events"]] == ["dx:given", "dx:expired"]
            check(receipt, bodies)
    receipt["evidence"]["steps"][-1]["statement"]["at"] = "2020-01-01T00:00:00.000000Z"
    with pytest.raises(ConsentUnproven):
        check(receipt, bodies)


async def test_a_loaded_consent_is_proved_by_its_path(people: PeopleExchange) -> None:
    """Two pieces of the load's tree, with bad rows between, and later steps by requests and by another load."""
    notice = await publish_notice(people, people.owner, DATASET, "consumer")
    target = f"/api/v1/consent-notices/{notice['id']}/decisions"
    for days in (9, 5):
        moment = ago(people, days=days).isoformat()
        rows = [f"Q{n:05d},{'given' if n % 7 else 'maybe'},{moment},window,{PROOF}\n" for n in range(1, 1400)]
        text = "person,decision,at,method,proof\n" + "".join(rows)
        assert (await people.call(people.owner.steward, "PUT", target, text.encode())).status == 200
        await people.runtime[Loops][tasks.MERGING].tick()
    request = {"notice": notice["id"], "value": "Q01399"}
    [record] = await people.call_ok(people.owner.steward, "POST", "/api/v1/consents/search", request)
    receipt, bodies = await receipt_of(people, record["id"]), await people.read_entries()
    assert [event["dx:eventType"] for event in receipt["record"]["dx:events"]] == ["dx:given", "dx:renewed"]
    check(receipt, bodies)
    for path, value in (
        ("row", 3),
        ("at", "2020-01-01T00:00:00.000000Z"),
        ("proof", "00" * 32),
        ("until", "2999-01-01T00:00:00.000000Z"),
        ("until", None),
        ("state", "requested"),
        ("consent", notice["id"]),
    ):
        altered = copy.deepcopy(receipt)
        altered["evidence"]["steps"][0]["statement"][path] = value
        with pytest.raises(ConsentUnproven):
            check(with_record(altered), bodies)
    altered = copy.deepcopy(receipt)
    altered["evidence"]["steps"][-1]["statement"]["until"] = "2999-01-01T00:00:00.000000Z"
    with pytest.raises(ConsentUnproven, match="term"):
        check(with_record(altered), bodies)
    await decide_ok(people, people.owner, notice, "Q01399", "withdrawn")
    receipt = await receipt_of(people, record["id"])
    assert [step["type"] for step in receipt["evidence"]["steps"]] == [
        "consent.given", "consent.renewed", "consent.withdrawn",
    ]  # fmt: skip
    check(receipt, await people.read_entries())
    with pytest.raises(ConsentUnproven):
        check(receipt, [body for body in bodies if body["type"] != "consents.loaded"])
