"""Reading asks for roles: each address that reads, by a principal of each role on either side, and by administrators."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from exchange.settings import Settings
from policies.roles.roles import ROLES
from tests.support.exchanges.exchange import Exchange, Key, Party
from tests.support.exchanges.parties import enrol_with_role
from tests.support.exchanges.people import CSV as PEOPLE
from tests.support.exchanges.starting import delete_rows, start_exchange
from tests.support.people.consenting import decide_ok, publish_notice

FILTER = "score > 1"
CSV = b"code,score\n1,1\n2,2\n3,3\n"
OWNERS = frozenset({"steward", "approver", "auditor"})
EITHER = OWNERS | {"consumer"}
ADMINISTRATORS = ("operator", "security", "auditor")


@dataclass
class Roles:
    """An exchange with a member of each role, and of none, in an owner's organisation and in a consumer's.

    `keys` are by side and role; `ids` are the identifiers of what the owner has.
    """

    exchange: Exchange
    owner: Party
    consumer: Party
    keys: dict[tuple[str, str], Key]
    ids: dict[str, str]

    def can(self, side: str, role: str, *, own: frozenset[str]) -> bool:
        return side == "owner" and role in own

    async def read(self, key: Key, path: str) -> Any:
        return await self.exchange.call(key, "GET", f"/api/v1{path.format(**self.ids)}")


@pytest.fixture(scope="module")
async def roles(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Roles]:
    await delete_rows(database_url)
    settings = Settings(data=tmp_path_factory.mktemp("roles"), database_url=database_url, checkpoint_interval=0.1)
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        source = await exchange.register_file(owner, CSV)
        terms = {"row_filter": FILTER, "consumers": {"organisations": [consumer.id]}}
        dataset = await exchange.publish_dataset(owner, source, "open", terms=terms)
        draft = {"source": source["id"], "handle": "draft", "document": dataset["document"]}
        drafted = await exchange.call_ok(owner.steward, "POST", "/api/v1/datasets", draft)
        agreement = await exchange.conclude_agreement(consumer, owner, dataset)
        delivery = await exchange.call(
            consumer.system,
            "POST",
            "/api/v1/deliveries",
            {"dataset": "owner/open"},
            purpose="talent-service",
            accept="text/csv",
        )
        people = await exchange.publish_dataset(owner, await exchange.register_file(owner, PEOPLE.encode()), "people")
        notice = await publish_notice(exchange, owner, people["id"], "consumer")
        await decide_ok(exchange, owner, notice, "P00002")
        await decide_ok(exchange, owner, notice, "P00002", "withdrawn")
        await exchange.conclude_agreement(consumer, owner, people)
        await decide_ok(exchange, owner, notice, "P00003")
        await decide_ok(exchange, owner, notice, "P00003", "withdrawn")
        [deletion] = await exchange.call_ok(consumer.steward, "GET", "/api/v1/deletions")
        ids = {
            "deletion": deletion["id"],
            "notice": notice["id"],
            "consent": (await decide_ok(exchange, owner, notice, "P00001"))["id"],
            "dataset": dataset["id"],
            "draft": drafted["id"],
            "source": source["id"],
            "application": agreement["application_id"],
            "agreement": agreement["id"],
            "stream": delivery.headers["exchange-delivery"],
        }
        keys = {
            (side, role): await enrol_with_role(exchange, party, role)
            for side, party in (("owner", owner), ("consumer", consumer))
            for role in ("", *ROLES)
        }
        keys |= {(side, "system"): party.system for side, party in (("owner", owner), ("consumer", consumer))}
        keys |= {("exchange", name): exchange.keys[name] for name in ADMINISTRATORS}
        yield Roles(exchange, owner, consumer, keys, ids)


async def who(roles: Roles, path: str) -> set[tuple[str, str]]:
    """The callers that get content at an address."""
    answers = {caller: await roles.read(key, path) for caller, key in roles.keys.items()}
    assert all(answer.status in {200, 403, 404} for answer in answers.values())
    return {caller for caller, answer in answers.items() if answer.status == 200}


def side(name: str, roles: frozenset[str] | set[str]) -> set[tuple[str, str]]:
    return {(name, role) for role in roles}


CONSUMERS = EITHER | {"system"}
AUDITOR = {("exchange", "auditor")}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/datasets/{draft}", side("owner", OWNERS)),
        ("/datasets/by-handle/owner/draft", side("owner", OWNERS)),
        ("/datasets/{draft}/odrl", side("owner", OWNERS)),
        ("/sources/{source}", side("owner", OWNERS)),
        ("/applications/{application}", side("owner", OWNERS) | side("consumer", CONSUMERS) | AUDITOR),
        ("/agreements/{agreement}", side("owner", OWNERS) | side("consumer", CONSUMERS) | AUDITOR),
        ("/agreements/{agreement}/odrl", side("owner", OWNERS) | side("consumer", CONSUMERS) | AUDITOR),
        ("/agreements/{agreement}/statements", side("owner", OWNERS) | side("consumer", CONSUMERS) | AUDITOR),
        ("/deliveries/{stream}", side("owner", OWNERS) | side("consumer", CONSUMERS) | AUDITOR),
        ("/consent-notices/{notice}", side("owner", OWNERS) | side("consumer", CONSUMERS) | AUDITOR),
        ("/deletions/{deletion}", side("owner", OWNERS) | side("consumer", CONSUMERS) | AUDITOR),
        ("/consents/{consent}/record", side("owner", OWNERS) | AUDITOR),
        ("/consents/{consent}", side("owner", OWNERS) | AUDITOR),
    ],
)
async def test_who_reads(roles: Roles, path: str, allowed: set[tuple[str, str]]) -> None:
    assert await who(roles, path) == allowed


async def test_only_the_owners_side_sees_the_owners_view_of_a_published_dataset(roles: Roles) -> None:
    """Everyone reads what is published; the row filter, the listed consumers and the salt only who works on the terms."""
    for reference in ("/datasets/{dataset}", "/datasets/by-handle/owner/open"):
        for principal, key in roles.keys.items():
            view = (await roles.read(key, reference)).json
            terms = view["document"]["terms"]
            visibility = (
                terms["row_filter"] is not None,
                terms["consumers"]["organisations"] != [],
                bool(view["salt"]),
            )
            assert visibility == (principal in side("owner", OWNERS),) * 3, principal
            odrl = (await roles.read(key, "/datasets/{dataset}/odrl")).content.decode()
            assert ("score" in odrl and roles.consumer.id in odrl) == (principal in side("owner", OWNERS)), principal


async def test_lists_hold_what_may_be_read(roles: Roles) -> None:
    for principal, key in roles.keys.items():
        listed = (await roles.read(key, "/datasets")).json
        assert ("draft" in {row["state"] for row in listed}) == (principal in side("owner", OWNERS)), principal
        both = side("owner", OWNERS) | side("consumer", CONSUMERS) | AUDITOR
        consents = await roles.read(key, "/consents")
        has_consents = consents.status == 200 and consents.json != []
        assert has_consents == (principal in side("owner", OWNERS) | AUDITOR), principal
        for path in ("/applications", "/agreements", "/consent-notices"):
            answer = await roles.read(key, path)
            rows = answer.json if answer.status == 200 else []
            assert bool(rows) == (principal in both), (principal, path)
            # A consumer of the owner's organisation asked for nothing itself; a member without a role is refused as such.
            may_ask = principal in both | side("owner", CONSUMERS)
            assert (answer.problem == "role-missing") != may_ask, (principal, path)


async def test_a_consumer_of_the_owners_does_not_get_the_owners_explanation(roles: Roles) -> None:
    question = {"system": roles.consumer.system_id, "dataset": "owner/open", "purpose": "talent-service"}
    for role in ("steward", "consumer"):
        key = roles.keys["owner", role]
        answer = await roles.exchange.call(key, "POST", "/api/v1/policy/explanations", question)
        assert (answer.status == 200) == (role == "steward")
