"""Marked people go through everything that an exchange does about people: no table, log or error has a mark afterwards."""

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from exchange.calendar.tasks import SWEEP
from exchange.consents.loading.tasks import MERGING
from exchange.kernel import logs
from exchange.kernel.loops import Loops
from tests.support.exchanges.exchange import document_for
from tests.support.exchanges.portal import Portal, run_portal
from tests.support.people.asking import ANSWERS, OFFERED
from tests.support.people.codes import REDEMPTIONS
from tests.support.people.consenting import PROOF, notice_for
from tests.support.services.identity_provider import Browser

FIRST, SECOND, THIRD = "11010519491231002X", "440524188001010014", "53010219200508011X"
NAME, TELEPHONE, GUARDIAN = "欧阳若兰", "13858001234", "诸葛明远"
IDENTIFIERS = (FIRST, SECOND, THIRD, NAME, TELEPHONE, GUARDIAN)
CSV = "person_id,name,phone,degree,score\n" + "".join(
    f"{number},{NAME},{TELEPHONE},博士,{index + 20}\n" for index, number in enumerate((FIRST, SECOND, THIRD))
)
SAYS = f"{NAME}（{TELEPHONE}，{FIRST}）"
"""What somebody writes who should not, wherever prose is taken."""
REFERENCE = "owner/marked"
PLACES = (
    "ledger_",
    "jobs.",
    "messages",
    "subject",
    "portal_",
    "consent",
    "deletion_",
    "answer_",
    "person_",
    "delivery_",
)
"""The beginnings of the tables of what is about people, of the ledger and of background work."""
KEPT = ("consent_notices",)
"""Tables of what organisations publish in words of their own."""


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[io.StringIO]:
    """All log output, through structlog and the standard library, which has no mark in the end."""
    stream = io.StringIO()
    caplog.set_level(logging.DEBUG)
    yield stream
    logs.configure()
    assert marks_in(stream.getvalue() + caplog.text) == []
    assert '"event":"request"' in stream.getvalue()


def marks_in(text: str) -> list[str]:
    """The identifiers that a text has, as they are, escaped, or in hexadecimal."""
    forms = {mark: (mark, json.dumps(mark)[1:-1], mark.encode().hex()) for mark in IDENTIFIERS}
    return [mark for mark, written in forms.items() if any(form in text for form in written)]


@pytest.fixture
async def portal(
    empty_database: str, tmp_path: Path, identity_provider: str, logged: io.StringIO
) -> AsyncIterator[Portal]:
    async with run_portal(empty_database, tmp_path, identity_provider) as portal:
        logs.configure(stream=logged)
        yield portal


async def publish(portal: Portal) -> dict[str, Any]:
    """Publish the marked people with answers, released by consent alone, and grant them: the agreement."""
    people = portal.people
    source = await people.register_file(portal.owner, CSV.encode())
    terms = {"consent": True, "answers": OFFERED}
    document = document_for(source["description"]["fields"], terms=terms)
    for field in document["fields"]:
        if field["name"] == "phone":
            field |= {"personal": True, "level": "G3"}
        if field["subject_key"]:
            field["identifier"] = "cn-resident-id"
    new = {"source": source["id"], "handle": "marked", "document": document}
    dataset = await people.call_ok(portal.owner.steward, "POST", "/api/v1/datasets", new)
    await people.call_ok(portal.owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/publication")
    return await people.conclude_agreement(people.consumer, portal.owner, dataset | {"document": document})


class Sweep:
    """Requests whose refusals have no mark."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.people = portal.people
        self.refused = 0

    async def ask(self, answer: Any, *statuses: int, repeats: bool = False) -> Any:
        """Hold an answer against the statuses that are expected; a refusal repeats no mark.

        Only where the sender gives a mark for the name of a field, an answer or a member, it may be repeated to the sender.
        """
        answer = await answer
        assert answer.status in (statuses or (200, 201, 204)), answer.content.decode()
        if answer.status >= 400:
            self.refused += 1
            assert repeats or marks_in(answer.content.decode()) == []
        return answer.json if answer.content and answer.headers["content-type"].startswith("application/json") else None

    def owner(self, method: str, target: str, document: Any = None) -> Any:
        return self.people.call(self.portal.owner.steward, method, target, document)

    def consumer(self, method: str, target: str, document: Any = None) -> Any:
        return self.people.call(self.people.consumer.steward, method, target, document)

    def system(self, target: str, document: Any, **more: Any) -> Any:
        more = {"purpose": "talent-service"} | more
        return self.people.call(self.people.consumer.system, "POST", target, document, **more)


async def test_no_mark_is_left_where_none_belongs(portal: Portal) -> None:
    sweep = Sweep(portal)
    agreement = await publish(portal)
    notice = await consents_are_given(sweep)
    await data_are_delivered(sweep)
    await a_person_acts(sweep, notice)
    await deletions_are_evidenced(sweep, agreement)
    erasure = {"dataset": REFERENCE, "value": SECOND, "basis": "consent-withdrawn"}
    await sweep.ask(portal.people.call(portal.people.keys["operator"], "POST", "/api/v1/subjects/erasure", erasure))
    await portal.people.runtime[Loops][SWEEP].tick()
    assert sweep.refused > 15
    await no_table_has_a_mark(portal)
    data = portal.people.runtime.settings.data
    files = [path for path in data.rglob("*") if path.is_file() and "snapshots" not in path.relative_to(data).parts]
    assert len(files) > 5
    assert [path for path in files if marks_in(path.read_bytes().decode(errors="replace"))] == []


async def consents_are_given(sweep: Sweep) -> dict[str, Any]:
    """By the owner, one by one and by a file with bad rows."""
    fields = ["person_id", "name", "phone", "degree", "score"]
    new = notice_for(REFERENCE, "consumer", fields=fields)
    notice: dict[str, Any] = await sweep.ask(sweep.owner("POST", "/api/v1/consent-notices", new))
    given = {"notice": notice["id"], "value": FIRST, "decision": "given", "method": "window", "proof": PROOF}
    guardian = {"name": GUARDIAN, "relation": "parent", "verified_by": TELEPHONE}
    await sweep.ask(sweep.owner("POST", "/api/v1/consents/decisions", given | {"guardian": guardian}))
    for wrong in (
        {"value": NAME},
        {"decision": TELEPHONE},
        {"proof": FIRST},
        {"method": NAME},
        {"at": TELEPHONE},
        {"notice": FIRST},
        {"guardian": {"name": NAME}},
    ):
        await sweep.ask(sweep.owner("POST", "/api/v1/consents/decisions", given | wrong), 404, 422)
    rows = "person,decision,at,method,proof\n" + "".join(
        f"{who},{decision},2026-05-01T00:00:00Z,paper-signature,{proof}\n"
        for who, decision, proof in (
            (SECOND, "given", PROOF),
            (THIRD, "given", PROOF),
            (NAME, "given", PROOF),
            (FIRST, NAME, PROOF),
            (FIRST, "given", TELEPHONE),
        )
    )
    target = f"/api/v1/consent-notices/{notice['id']}/decisions?format=csv"
    load = await sweep.ask(sweep.owner("PUT", target, rows.encode()))
    assert (load["bad"], marks_in(json.dumps(load))) == (3, [])
    await sweep.people.runtime[Loops][MERGING].tick()
    await sweep.ask(sweep.owner("PUT", target, f"{NAME},{FIRST}\n".encode()), 400, 422)
    search = {"notice": notice["id"], "value": FIRST}
    assert await sweep.ask(sweep.owner("POST", "/api/v1/consents/search", search))
    return notice


async def data_are_delivered(sweep: Sweep) -> None:
    """In pages, streams and answers, and refused with marks wherever a client may put them by mistake."""
    wrong: dict[str, Any]
    by_number = {"field": "person_id", "op": "in", "value": [FIRST, SECOND]}
    by_name = {"field": "name", "op": "eq", "value": NAME}
    for accept in ("application/json", "text/csv", "application/x-ndjson"):
        for filters in ([by_number], [by_name], []):
            question = {"dataset": REFERENCE, "filters": filters}
            await sweep.ask(sweep.system("/api/v1/deliveries", question, accept=accept))
    for wrong in (
        {"dataset": f"owner/{TELEPHONE}"},
        {"cursor": FIRST},
        {"limit": TELEPHONE},
        {"filters": [by_name | {"op": NAME}]},
        {"filters": [{"field": "score", "op": "lt", "value": NAME}]},
    ):
        await sweep.ask(sweep.system("/api/v1/deliveries", {"dataset": REFERENCE} | wrong), 403, 404, 422)
    await sweep.ask(sweep.system("/api/v1/deliveries", {"dataset": REFERENCE}, purpose=FIRST), 403, 422)
    for wrong in ({"fields": [NAME]}, {NAME: 1}, {"filters": [by_name | {"field": FIRST}]}):
        await sweep.ask(sweep.system("/api/v1/deliveries", {"dataset": REFERENCE} | wrong), 403, 422, repeats=True)
    about = {"dataset": REFERENCE, "people": [FIRST, THIRD], "answers": ["holds-doctorate"]}
    await sweep.ask(sweep.system(ANSWERS, about))
    await sweep.ask(sweep.system(ANSWERS, about | {"people": [NAME]}), 200, 422)
    for wrong in ({"answers": [NAME]}, {"field": TELEPHONE}):
        await sweep.ask(sweep.system(ANSWERS, about | wrong), 403, 404, 422, repeats=True)


async def a_person_acts(sweep: Sweep, notice: dict[str, Any]) -> None:
    """At the portal: a code, requests with their answers, decisions; and what the owner and the auditor read of them."""
    person = await sweep.portal.sign_in(f"number:{FIRST}")
    await a_code_is_shown(sweep, person)
    for kind, verb, document in (
        ("correct", "refusal", {"reasons": SAYS, "complaint": SAYS}),
        ("delete", "restriction", {"reasons": SAYS, "law": SAYS}),
        ("copy", "grant", {"statement": SAYS, "document": {"name": NAME, "phone": TELEPHONE}}),
    ):
        wanted = {"kind": kind, "text": SAYS, "dataset": REFERENCE}
        [sent] = await sweep.ask(person.request("POST", "/portal/requests", wanted))
        target = f"/api/v1/person-requests/{sent['id']}"
        await sweep.ask(person.request("POST", "/portal/requests", wanted), 409)
        await sweep.ask(sweep.owner("POST", f"{target}/reading"))
        await sweep.ask(sweep.owner("POST", f"{target}/{verb}", {"statement": [SAYS]}), 422)
        await sweep.ask(sweep.owner("POST", f"{target}/{verb}", document))
    await sweep.ask(person.request("POST", "/portal/requests", {"kind": NAME, "text": SAYS}), 422)
    await sweep.ask(
        person.request("POST", "/portal/requests", {"kind": "copy", "text": "x", "dataset": SAYS}), 404, 422
    )
    decision = f"/portal/consents/{notice['id']}"
    await sweep.ask(person.request("POST", decision, {"decision": SAYS}), 422)
    await sweep.ask(person.request("POST", decision, {"decision": "withdrawn"}))
    for target in ("/portal/uses", "/portal/requests", "/portal/consents", "/portal/copy"):
        await sweep.ask(person.request("GET", target))
    details = {"dataset": REFERENCE, "value": FIRST}
    keys = sweep.people.keys
    await sweep.ask(sweep.people.call(keys["auditor"], "POST", "/api/v1/subjects/details", details))
    wrong = details | {"dataset": SAYS}
    await sweep.ask(sweep.people.call(keys["auditor"], "POST", "/api/v1/subjects/details", wrong), 404, 422)
    hold = details | {"basis": "litigation", "reason": "复议"}
    await sweep.ask(sweep.people.call(keys["security"], "POST", "/api/v1/subjects/holds", hold))
    erasure = details | {"basis": "consent-withdrawn"}
    await sweep.ask(sweep.people.call(keys["operator"], "POST", "/api/v1/subjects/erasure", erasure), 409)


async def a_code_is_shown(sweep: Sweep, person: Browser) -> None:
    new = {
        "dataset": REFERENCE,
        "recipient": sweep.people.consumer.id,
        "purpose": "talent-service",
        "answers": ["holds-doctorate"],
    }
    await sweep.ask(person.request("POST", "/portal/codes", new | {"answers": [NAME]}), 404, 422, repeats=True)
    issued = await sweep.ask(person.request("POST", "/portal/codes", new))
    await sweep.ask(sweep.system(REDEMPTIONS, {"code": issued["code"]}))
    await sweep.ask(sweep.system(REDEMPTIONS, {"code": FIRST}), 404, 422)
    bind = {"code": NAME, "value": THIRD}
    await sweep.ask(person.request("POST", "/portal/identities", bind), 403, 404, 409, 422)


async def deletions_are_evidenced(sweep: Sweep, agreement: dict[str, Any]) -> None:
    """What the recipient is told to delete; and words with marks in what organisations state to each other."""
    [deletion] = await sweep.ask(sweep.consumer("GET", "/api/v1/deletions"))
    target = f"/api/v1/deletions/{deletion['id']}"
    person = await sweep.ask(sweep.consumer("POST", f"{target}/person"))
    assert FIRST in json.dumps(person)
    await sweep.ask(sweep.consumer("POST", f"{target}/evidence", {"method": "x", "deleted_at": SAYS}), 422)
    evidence = {"method": "覆盖删除", "deleted_at": sweep.people.now.isoformat()}
    await sweep.ask(sweep.consumer("POST", f"{target}/evidence", evidence))
    for verb in ("suspension", "resumption"):
        await sweep.ask(sweep.owner("POST", f"/api/v1/agreements/{agreement['id']}/{verb}", {"reason": SAYS}))


async def no_table_has_a_mark(portal: Portal) -> None:
    """In no column of what is about people, of the ledger, of jobs and messages, whatever its type."""
    names = await portal.people.run_sql(
        "SELECT CASE schemaname WHEN 'public' THEN '' ELSE schemaname || '.' END || tablename AS name FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
    )
    looked, found = 0, []
    for name in (str(row["name"]) for row in names):
        if name.startswith(PLACES) and name not in KEPT:
            rows = await portal.people.run_sql(f"SELECT t::text AS row FROM {name} t")
            looked += len(rows)
            found += [(name, mark) for row in rows for mark in marks_in(row["row"])]
            if name == "ledger_entry":
                found += [(name, mark) for mark in marks_in(json.dumps(await portal.people.read_entries()))]
    assert found == []
    assert looked > 150
