"""Reading what departments share, by role and side: filings, requests, agreements, their records and notices, corrections."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from exchange.settings import Settings
from policies.roles.roles import ROLES
from tests.support.catalogue.departments import CLASS, METHODS
from tests.support.exchanges.exchange import Key, assessment, document_for
from tests.support.exchanges.parties import enrol_with_role
from tests.support.exchanges.starting import delete_rows
from tests.support.sharing.departments import YEAR, DepartmentsExchange, start_departments

OWNERS = frozenset({"steward", "approver", "auditor"})
EITHER = OWNERS | {"consumer", "system"}
AUTHORITY = {("exchange", "authority")}
AUDITOR = {("exchange", "auditor")}
USAGE = dict.fromkeys(("scenario", "process", "effect", "storage", "destruction"), "核验")


def side(name: str, roles: frozenset[str]) -> set[tuple[str, str]]:
    return {(name, role) for role in roles}


SIDES = side("owner", OWNERS) | side("demander", EITHER)
SHARED = SIDES | AUDITOR | AUTHORITY
READERS = {
    "/applications/{drafted}": side("demander", EITHER) | AUDITOR,
    "/applications/{submitted}": SHARED,
    "/agreements/{agreement}": SHARED,
    "/agreements/{agreement}/odrl": SHARED,
    "/agreements/{agreement}/statements": SHARED,
    "/agreements/{agreement}/records": SHARED,
    "/agreement-notices/{notice}": SHARED,
    "/corrections/{correction}": SIDES | AUDITOR,
    "/corrections/{disputed}": SHARED,
    "/filings/{assessed}": side("owner", OWNERS),
    "/filings/{filed}": side("owner", OWNERS) | AUTHORITY,
    "/datasets/{unpublished}/lineage": side("owner", OWNERS),
}
"""Who gets content at each address; everybody else gets 403 or 404."""
LISTS = {
    "/applications": ("drafted", "submitted"),
    "/agreements": ("agreement",),
    "/agreement-notices": ("notice",),
    "/corrections": ("correction", "disputed"),
    "/filings": ("assessed", "filed"),
}
"""What each list is of; the addresses of one of them are above."""


@dataclass
class Shares:
    """An exchange with one of everything that is shared, and a key for each role on each side."""

    exchange: DepartmentsExchange
    keys: dict[tuple[str, str], Key]
    ids: dict[str, str]

    async def status(self, key: Key, path: str) -> int:
        return (await self.exchange.call(key, "GET", f"/api/v1{path.format(**self.ids)}")).status


async def begin_filing(exchange: DepartmentsExchange, handle: str) -> tuple[str, str]:
    """Draft and assess a dataset of the owner; its id, and that of its filing."""
    source = await exchange.register_file(exchange.owner, b"code,name\n1,a\n")
    document = document_for(source["description"]["fields"], sharing=METHODS, classification=CLASS)
    body = {"source": source["id"], "handle": handle, "document": document}
    dataset = await exchange.act_ok("owner", "/datasets", body)
    filing = await exchange.act_ok("owner", f"/datasets/{dataset['id']}/assessment", {"secrecy": assessment()})
    return dataset["id"], filing["id"]


async def fill(exchange: DepartmentsExchange) -> dict[str, str]:
    """Make one of everything; the ids by name."""
    agreement = (await exchange.grant())["id"]
    await exchange.act_ok("demander", f"/agreements/{agreement}/usage", USAGE)
    notice = {"dataset": exchange.conditional["id"], "kind": "stop", "effective_on": f"{YEAR}-03-06", "reason": "x"}
    wrong = {"agreement": agreement, "fault": "inaccurate", "fields": ["name"], "statement": "x"}
    corrections = [(await exchange.act_ok("demander", "/corrections", wrong))["id"] for _ in range(2)]
    await exchange.act_ok("owner", f"/corrections/{corrections[1]}/confirmation", {"statement": "x"})
    await exchange.act_ok("demander", f"/corrections/{corrections[1]}/dispute", {"statement": "x"})
    unpublished, assessed = await begin_filing(exchange, "assessed")
    dataset, filed = await begin_filing(exchange, "filed")
    for verb in ("consent", "filing"):
        await exchange.act_ok("owner", f"/datasets/{dataset}/{verb}")
    return {
        "agreement": agreement,
        "drafted": (await exchange.draft())["id"],
        "submitted": (await exchange.ask())["id"],
        "notice": (await exchange.act_ok("owner", "/agreement-notices", notice))["id"],
        "correction": corrections[0],
        "disputed": corrections[1],
        "assessed": assessed,
        "filed": filed,
        "unpublished": unpublished,
    }


@pytest.fixture(scope="module")
async def shares(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shares]:
    await delete_rows(database_url)
    settings = Settings(data=tmp_path_factory.mktemp("shares"), database_url=database_url, checkpoint_interval=0.1)
    async with start_departments(settings) as exchange:
        ids = await fill(exchange)
        parties = {"owner": exchange.owner, "demander": exchange.demander, "stranger": exchange.stranger}
        keys = {
            (name, role): await enrol_with_role(exchange, party, role)
            for name, party in parties.items()
            for role in ("", *ROLES)
        }
        keys |= {(name, "system"): party.system for name, party in parties.items()}
        keys |= {("exchange", name): exchange.keys[name] for name in ("operator", "security", "auditor")}
        keys |= {("exchange", "authority"): exchange.authority}
        yield Shares(exchange, keys, ids)


@pytest.mark.parametrize("path", READERS)
async def test_each_thing_that_is_shared_is_read_by_its_sides_and_by_whom_the_law_names(
    shares: Shares, path: str
) -> None:
    statuses = {caller: await shares.status(key, path) for caller, key in shares.keys.items()}
    assert set(statuses.values()) <= {200, 403, 404}
    assert {caller for caller, status in statuses.items() if status == 200} == READERS[path]


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_has_what_its_reader_may_open_and_nothing_else(shares: Shares, path: str) -> None:
    for caller, key in shares.keys.items():
        answer = await shares.exchange.call(key, "GET", f"/api/v1{path}")
        listed = {row["id"] for row in answer.json} if answer.status == 200 else set()
        allowed = {shares.ids[name] for name in LISTS[path] if caller in READERS[f"{path}/{{{name}}}"]}
        assert listed & {shares.ids[name] for name in LISTS[path]} == allowed, (caller, path)
