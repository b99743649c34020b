"""Requests to the control plane that are wrong, each with the problem it has to get."""
# ruff: noqa: E501 - a row is a line

import copy
import io
import json
import zipfile
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.exchanges.exchange import Answer, Key, registration_of
from tests.support.exchanges.populated import CANARY, CITATION, PopulatedExchange, organisation
from tests.support.exchanges.refusals import Bad, check_refused, table

NOBODY = "01930b2e-6f1a-7000-8000-000000000001"
SMALL_ORDER = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
LATER = "2100-01-01T00:00:00Z"


def register(**changes: Any) -> Any:
    return lambda s: s.call_as("operator", "POST", "/organisations", organisation(**changes))


def enrol(**changes: Any) -> Any:
    handle = changes.get("handle", "new")
    new = {"kind": "system", "handle": handle, "title": "New", **registration_of(Key(), "owner", handle)} | changes
    return lambda s: s.call_as("owner", "POST", f"/organisations/{s.owner.id}/principals", new)


def first(handle: str, **changes: Any) -> dict[str, Any]:
    roles = ["steward", "security_administrator"]
    return {
        "kind": "member",
        "handle": "first",
        "title": "First",
        **registration_of(Key(), handle, "first"),
        "roles": roles,
    } | changes


def roles(caller: str, member: str, **change: Any) -> Any:
    return lambda s: s.call_as(
        caller, "POST", f"/principals/{s.ids[member]}/roles", {"role": "steward", "domain": s.owner.id} | change
    )


def key(**changes: Any) -> Any:
    new = registration_of(Key(), "owner", "steward") | changes
    return lambda s: s.call_as("owner", "POST", f"/principals/{s.ids['owner']}/keys", new)


def raw(caller: str, method: str, target: str, body: bytes, media_type: str = "application/json") -> Any:
    return lambda s: s.send_signed(method, f"/api/v1{target}", body, key=s.key_of(caller), media_type=media_type)


def postgresql(**changes: Any) -> Any:
    def send(exchange: PopulatedExchange) -> Any:
        source = {"kind": "postgresql", "title": "t", "dsn": exchange.objects["dsn"], "table": "people"} | changes
        return exchange.call_as("owner", "POST", "/sources", {"organisation": exchange.owner.id, "source": source})

    return send


def file(**options: Any) -> Any:
    def send(exchange: PopulatedExchange) -> Any:
        source = {"kind": "file", "title": "文件", "options": options}
        return exchange.call_as("owner", "POST", "/sources", {"organisation": exchange.owner.id, "source": source})

    return send


def draft(*path: str | int, **changes: Any) -> Any:
    """A dataset with something in its document changed; `path` leads to the place."""

    async def send(exchange: PopulatedExchange) -> Answer:
        new = {
            "source": exchange.objects["table"]["id"],
            "handle": "new",
            "document": exchange.objects["people"]["document"],
        }
        new = copy.deepcopy(new)
        place: Any = new
        for step in path:
            place = place[step]
        place.update(changes)
        return await exchange.call_as("owner", "POST", "/datasets", new)

    return send


def apply(**changes: Any) -> Any:
    def send(exchange: PopulatedExchange) -> Any:
        application = exchange.draft_application(exchange.objects["people"]) | changes
        reference = {name: name for name in ("secret", "departments", "draft")}.get(str(changes.get("dataset")))
        if reference is not None:
            application["dataset"] = exchange.objects[reference]["id"]
        return exchange.call_as("consumer", "POST", "/applications", application)

    return send


def decide(verb: str, document: Any, *, which: str = "application", caller: str = "owner") -> Any:
    return lambda s: s.call_as(caller, "POST", f"/applications/{s.objects[which]['id']}/{verb}", document)


def agreement(verb: str, caller: str, *, which: str = "agreement", reason: str = "核查") -> Any:
    return lambda s: s.call_as(caller, "POST", f"/agreements/{s.objects[which]['id']}/{verb}", {"reason": reason})


def upload(content: bytes, filename: str = "data.csv", *, to: str = "unread", caller: str = "owner") -> Any:
    def send(exchange: PopulatedExchange) -> Any:
        target = f"/sources/{exchange.objects[to]['id']}/content?filename={filename}"
        return exchange.send_signed(
            "PUT", f"/api/v1{target}", content, key=exchange.key_of(caller), media_type="application/octet-stream"
        )

    return send


async def altered_upload(exchange: PopulatedExchange) -> Answer:
    """A file that was changed after its digest was signed."""
    target = f"/api/v1/sources/{exchange.objects['unread']['id']}/content?filename=a.csv"
    headers = exchange.sign(exchange.owner.steward, "PUT", target, body=b"a,b\n1,2\n")
    return await exchange.send("PUT", target, headers, b"a,b\n1,3\n")


def zipped(**members: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def dataset(verb: str, caller: str, which: str, document: Any = None) -> Any:
    return lambda s: s.call_as(caller, "POST", f"/datasets/{s.objects[which]['id']}/{verb}", document)


def source(verb: str, caller: str, which: str) -> Any:
    return lambda s: s.call_as(caller, "POST", f"/sources/{s.objects[which]['id']}/{verb}")


async def half_a_character(exchange: PopulatedExchange) -> Answer:
    """Half of a surrogate pair, where any JSON may stand."""
    application = exchange.draft_application(exchange.objects["people"])
    body = json.dumps(application | {"row_filter": {"field": "city", "op": "eq", "value": "\ud800"}}).encode()
    return await exchange.send_signed("POST", "/api/v1/applications", body, key=exchange.consumer.steward)


def get(caller: str, target: str) -> Any:
    return lambda s: s.call_as(caller, "GET", target)


COMMON = table(
    ("not JSON", "request-malformed", "owner", raw("owner", "POST", "/sources", b"{")),
    ("not UTF-8", "request-malformed", "owner", raw("owner", "POST", "/sources", b'{"organisation":"\xff"}')),
    ("nested without end", "request-malformed", "owner", raw("owner", "POST", "/sources", b"[" * 100_000)),
    ("half a character in a filter", "outside-terms", "consumer", half_a_character),
    ("half a character", "request-invalid", "owner", raw("owner", "POST", "/sources", b'{"organisation":"\\ud800"}')),
    ("a form", "unsupported-media-type", "owner", raw("owner", "POST", "/sources", b"a=1", "application/x-www-form-urlencoded")),
    ("no media type", "unsupported-media-type", "owner", raw("owner", "POST", "/sources", b"{}", "text/plain")),
    ("too large", "content-too-large", "owner", raw("owner", "POST", "/sources", b" " * (1 << 20) + b"{}")),
    ("no body", "request-invalid", "owner", lambda s: s.call_as("owner", "POST", "/sources")),
    ("not an id", "request-invalid", "owner", get("owner", "/datasets/one")),
    ("no such id", "not-found", "owner", get("owner", f"/datasets/{NOBODY}")),
    ("a list too long", "request-invalid", "owner", get("owner", "/datasets?limit=501")),
    ("an end of text in a query", "request-invalid", "owner", get("owner", "/organisations?after=%00")),
    ("an end of text in a path", "request-invalid", "owner", get("owner", "/datasets/by-handle/owner/%00")),
    ("a canary in a path", "not-found", "owner", get("owner", f"/datasets/by-handle/owner/{quote(CANARY)}")),
)  # fmt: skip

PARTICIPANTS = table(
    ("a wrong check digit", "request-invalid", "operator", register(code="113300000024820310")),
    ("a code of letters", "request-invalid", "operator", register(code=CANARY)),
    ("a handle in capitals", "request-invalid", "operator", register(handle="Another")),
    ("a handle that is taken", "conflict", "operator", register(handle="owner")),
    ("a department without a level", "request-invalid", "operator", register(kind="department")),
    ("no name", "request-invalid", "operator", register(name_zh=...)),
    ("a blank name", "request-invalid", "operator", register(name_zh="  ")),
    ("a name with an end of text", "request-invalid", "operator", register(name_zh="a\0b")),
    ("a parent that is not there", "not-found", "operator", register(parent=NOBODY)),
    ("not the operator", "role-missing", "owner", lambda s: s.call_as("owner", "POST", "/organisations", organisation())),
    ("admitted twice", "conflict", "operator", lambda s: s.call_as("operator", "POST", f"/organisations/{s.owner.id}/admission")),
    ("reinstated unsuspended", "conflict", "operator", lambda s: s.call_as("operator", "POST", f"/organisations/{s.owner.id}/reinstatement")),
    ("admits itself", "organisation-not-admitted", "newcomer", lambda s: s.call_as("newcomer", "POST", f"/organisations/{s.newcomer.id}/admission")),
    ("a short key", "request-invalid", "owner", enrol(public_key="AAAA")),
    ("a key that nobody can hold", "request-invalid", "owner", enrol(public_key=SMALL_ORDER)),
    ("a handle twice", "conflict", "owner", enrol(handle="service")),
    ("a role that is none", "request-invalid", "owner", enrol(roles=[CANARY])),
    ("another's organisation", "role-missing", "stranger", lambda s: s.call_as("stranger", "POST", f"/organisations/{s.owner.id}/principals", {"kind": "system", "handle": "x", "title": "x", **registration_of(Key(), "owner", "x")})),
    ("a key that is known", "conflict", "owner", lambda s: s.call_as("owner", "POST", f"/principals/{s.ids['owner']}/keys", registration_of(s.consumer.system, "owner", "steward"))),
    ("a key that somebody else holds", "possession-not-proven", "owner", key(public_key=Key().public)),
    ("a key proven for another handle", "possession-not-proven", "owner", key(**registration_of(Key(), "owner", "other"))),
    ("a key proven for another organisation", "possession-not-proven", "owner", enrol(**registration_of(Key(), "consumer", "new"))),
    ("a key proven at another exchange", "possession-not-proven", "owner", enrol(**registration_of(Key(), "owner", "new", url="https://elsewhere.example"))),
    ("a proof that has expired", "possession-not-proven", "owner", enrol(**registration_of(Key(), "owner", "new", seconds=-1))),
    ("a proof for a year", "possession-not-proven", "owner", enrol(**registration_of(Key(), "owner", "new", seconds=31_536_000))),
    ("a first member whose key is another's", "possession-not-proven", "operator", register(first_member=first("another", **registration_of(Key(), "owner", "first")))),
    ("nobody who assigns roles", "request-invalid", "operator", register(first_member=first("another", roles=["steward"]))),
    ("nobody who enrols", "request-invalid", "operator", register(first_member=first("another", roles=["security_administrator"]))),
    ("a machine as the first member", "request-invalid", "operator", register(first_member=first("another", kind="system"))),
    ("duties united where they are separated", "separation-of-duties", "operator", register(separates_duties=True)),
    ("a key to replace that is not there", "not-found", "owner", key(supersedes="A" * 43)),
    ("an overlap of a year", "request-invalid", "owner", key(overlap_seconds=31_536_000)),
    ("another's key", "not-found", "stranger", lambda s: s.call_as("stranger", "POST", f"/principals/{s.ids['owner']}/keys/{s.owner.steward.keyid}/revocation")),
    ("a key revoked before", "conflict", "consumer", lambda s: s.call_as("consumer", "POST", f"/principals/{s.ids['revoked']}/keys/{s.revoked.keyid}/revocation")),
    ("a role for oneself", "role-missing", "owner", roles("owner", "owner", role="auditor")),
    ("a role in the exchange", "not-found", "owner", roles("owner", "stranger", domain="exchange")),
    ("a role in another organisation", "role-missing", "owner", lambda s: s.call_as("owner", "POST", f"/principals/{s.owner.system_id}/roles", {"role": "steward", "domain": s.stranger.id})),
    ("a domain that is none", "request-invalid", "owner", roles("owner", "owner", domain=CANARY)),
    ("suspended twice", "conflict", "consumer", lambda s: s.call_as("consumer", "POST", f"/principals/{s.ids['suspended']}/suspension")),
    ("a role that is not held", "not-found", "owner", lambda s: s.call_as("owner", "POST", f"/principals/{s.owner.system_id}/roles/revocation", {"role": "steward", "domain": s.owner.id})),
)  # fmt: skip

SOURCES = table(
    ("not a server's address", "source-unusable", "owner", postgresql(dsn=f"mysql://{quote(CANARY)}")),
    ("an address with an end of text", "request-invalid", "owner", postgresql(dsn="postgresql://a\0b/c")),
    ("an address with a wrong port", "source-unusable", "owner", postgresql(dsn="postgresql://localhost:99999/x")),
    ("nobody answers", "source-failed", "owner", postgresql(dsn=f"postgresql://u:{quote(CANARY)}@127.0.0.1:9/x")),
    ("no such table", "source-unusable", "owner", postgresql(table="nothing")),
    ("a table's name too long", "request-invalid", "owner", postgresql(table="a" * 64)),
    ("a table's name with an end of text", "request-invalid", "owner", postgresql(table="a\0")),
    ("an unknown kind", "request-invalid", "owner", postgresql(kind=CANARY)),
    ("an encoding with an end of text", "request-invalid", "owner", file(encoding="\0")),
    ("a missing value with an end of text", "request-invalid", "owner", file(missing=["\0"])),
    ("an unknown option", "request-invalid", "owner", file(quote="'")),
    ("for another organisation", "role-missing", "stranger", lambda s: s.call_as("stranger", "POST", "/sources", {"organisation": s.owner.id, "source": {"kind": "file", "title": "x"}})),
    ("another's source", "not-found", "stranger", lambda s: s.call_as("stranger", "GET", f"/sources/{s.objects['file']['id']}")),
    ("withdrawn in use", "conflict", "owner", source("withdrawal", "owner", "file")),
)  # fmt: skip

HEADED = b"person_id,name,city,score\n"
FILES = table(
    ("an empty file", "request-malformed", "owner", upload(b"")),
    ("a file of blanks", "source-unusable", "owner", upload(b" \n \n")),
    ("no header", "source-unusable", "owner", upload(b"\n" * 50)),
    ("ragged rows", "source-unusable", "owner", upload(HEADED + f"P1,{CANARY},3301,1\nP2,x\nP3\n".encode())),
    ("a quote that is never closed", "source-unusable", "owner", upload(HEADED + f'P1,"{CANARY},3301,1\n'.encode() * 3)),
    ("no text at all", "source-unusable", "owner", upload(bytes(range(256)) * 20)),
    ("a picture", "source-unusable", "owner", upload(b"\x89PNG\r\n\x1a\n" + bytes(200), "picture.png")),
    ("a workbook that is none", "source-unusable", "owner", upload(b"PK\x03\x04" + CANARY.encode() * 20, "people.xlsx")),
    ("an archive of something else", "source-unusable", "owner", upload(zipped(notes=CANARY), "people.xlsx")),
    ("an old workbook that is none", "source-unusable", "owner", upload(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "people.xls")),
    ("Parquet cut off", "source-unusable", "owner", upload(b"PAR1" + bytes(40), "people.parquet")),
    ("JSON cut off", "source-unusable", "owner", upload(f'{{"name":"{CANARY}"'.encode(), "people.jsonl")),
    ("a file too large", "content-too-large", "owner", upload(HEADED + b"P1,x,3301,1\n" * 9000)),
    ("a file that was changed", "digest-mismatch", "owner", altered_upload),
    ("a file that no longer fits", "source-unusable", "owner", upload(b"person_id,title\nP1,x\n", to="file")),
    ("a file for a table", "conflict", "owner", upload(HEADED, to="table")),
    ("a file for another", "not-found", "stranger", upload(HEADED, caller="stranger")),
)  # fmt: skip

DATASETS = table(
    ("an unknown source", "not-found", "owner", draft(source=NOBODY)),
    ("another's source to draft", "not-found", "stranger", lambda s: s.call_as("stranger", "POST", "/datasets", {"source": s.objects["table"]["id"], "handle": "x", "document": s.objects["people"]["document"]})),
    ("a handle twice", "conflict", "owner", draft(handle="people")),
    ("no fields", "request-invalid", "owner", draft("document", fields=[])),
    ("a title that turns the direction of writing", "request-invalid", "owner", draft("document", title={"zh": "a\u202eb", "en": "a"})),
    ("a title with a terminal's command", "request-invalid", "owner", draft("document", title={"zh": "a\u009b2Jb", "en": "a"})),
    ("a person at the lowest level", "request-invalid", "owner", draft("document", "fields", 1, level="G1")),
    ("sensitive below G4", "request-invalid", "owner", draft("document", "fields", 1, sensitive=True)),
    ("a level below the fields'", "request-invalid", "owner", draft("document", level="G1")),
    ("conditions that are not said", "request-invalid", "owner", draft("document", sharing={"attribute": "conditional"})),
    ("conditions on what has none", "request-invalid", "owner", draft("document", sharing={"attribute": "unconditional", "scope": "省内"})),
    ("a law that is not cited", "request-invalid", "owner", draft("document", sharing={"attribute": "not_shared", "reason": "不便"})),
    ("a law without a reason", "request-invalid", "owner", draft("document", sharing={"attribute": "not_shared", "citation": CITATION})),
    ("a department's own rule", "request-invalid", "owner", draft("document", sharing={"attribute": "not_shared", "reason": "规定", "citation": CITATION | {"kind": "departmental_rule"}})),
    ("a fraction in a filter", "dataset-invalid", "owner", draft("document", "terms", row_filter={"field": "person_id", "op": "lt", "value": 1.5})),
    ("a number without end in a filter", "dataset-invalid", "owner", draft("document", "terms", row_filter={"field": "person_id", "op": "lt", "value": 2**64})),
    ("an end of text in a filter", "dataset-invalid", "owner", draft("document", "terms", row_filter={"field": "city", "op": "eq", "value": "\0"})),
    ("an end of text in a mask", "dataset-invalid", "owner", draft("document", "terms", masks={"name": {"kind": "constant", "value": "\0"}})),
    ("an end of text in a name", "dataset-invalid", "owner", draft("document", "terms", masks={"\0": {"kind": "null"}})),
    ("a time before all times", "request-invalid", "owner", draft("document", "terms", not_after="0001-01-01T00:00:00+14:00")),
    ("a time after all times", "request-invalid", "owner", draft("document", "terms", not_after="9999-12-31T23:59:59-12:00")),
    ("a time of no zone", "request-invalid", "owner", draft("document", "terms", not_after="2100-01-01T00:00:00")),
    ("rows beyond counting", "request-invalid", "owner", draft("document", "terms", row_cap=10**12)),
    ("published without a draft", "conflict", "owner", dataset("publication", "owner", "people")),
    ("withdrawn as a draft", "conflict", "owner", dataset("withdrawal", "owner", "draft", {"reason": "x"})),
    ("another's dataset", "not-found", "stranger", dataset("withdrawal", "stranger", "people", {"reason": "x"})),
    ("another's draft", "not-found", "consumer", lambda s: s.call_as("consumer", "GET", f"/datasets/{s.objects['draft']['id']}")),
)  # fmt: skip

APPLICATIONS = table(
    ("an unknown dataset", "not-found", "consumer", apply(dataset=f"owner/{CANARY}")),
    ("a dataset with an end of text", "request-invalid", "consumer", apply(dataset="owner/\0")),
    ("a draft", "not-found", "consumer", apply(dataset="draft")),
    ("what a law forbids", "dataset-not-shared", "consumer", apply(dataset="secret")),
    ("what is for others", "outside-terms", "consumer", apply(dataset="departments", fields=["city"])),
    ("a field that is not offered", "outside-terms", "consumer", apply(fields=[CANARY])),
    ("a purpose that is not offered", "outside-terms", "consumer", apply(purpose="advertising")),
    ("a time that is over", "outside-terms", "consumer", apply(not_after="2020-01-01T00:00:00Z")),
    ("a filter on no field", "outside-terms", "consumer", apply(row_filter={"field": CANARY, "op": "eq", "value": 1})),
    ("a filter of no form", "outside-terms", "consumer", apply(row_filter={"where": CANARY})),
    ("a filter with an end of text", "outside-terms", "consumer", apply(row_filter={"field": "city", "op": "eq", "value": "\0"})),
    ("a time after all times", "request-invalid", "consumer", apply(not_after="9999-12-31T23:59:59-12:00")),
    ("no basis", "request-invalid", "consumer", apply(basis=" ")),
    ("another's application", "not-found", "stranger", decide("withdrawal", None, caller="stranger")),
    ("approved by its applicant", "role-missing", "consumer", decide("approval", {}, caller="consumer")),
    ("withdrawn by its owner", "role-missing", "owner", decide("withdrawal", None)),
    ("granted more than was asked", "outside-terms", "owner", decide("approval", {"fields": [CANARY]})),
    ("granted more rows", "outside-terms", "owner", decide("approval", {"row_cap": 10**15})),
    ("granted for longer", "outside-terms", "owner", decide("approval", {"not_after": LATER})),
    ("a looser mask", "outside-terms", "owner", decide("approval", {"masks": {"name": {"kind": "prefix", "length": 9}}})),
    ("a mask that is none", "outside-terms", "owner", decide("approval", {"masks": {"city": {"kind": CANARY}}})),
    ("a mask with an end of text", "outside-terms", "owner", decide("approval", {"masks": {"city": {"kind": "constant", "value": "\0"}}})),
    ("refused without reasons", "request-invalid", "owner", decide("refusal", {})),
    ("refused while a supplement is open", "conflict", "owner", decide("refusal", {"reasons": CANARY}, which="waiting")),
    ("a supplement asked for twice", "conflict", "owner", decide("supplement-request", {"missing": CANARY}, which="waiting")),
    ("a supplement nobody asked for", "conflict", "consumer", decide("supplement", {"supplement": CANARY}, caller="consumer")),
)  # fmt: skip

AGREEMENTS = table(
    ("suspended by the consumer", "role-missing", "consumer", agreement("suspension", "consumer")),
    ("suspended by a stranger", "not-found", "stranger", agreement("suspension", "stranger")),
    ("suspended by an auditor", "role-missing", "auditor", agreement("suspension", "auditor")),
    ("suspended by a machine", "role-missing", "owner-system", agreement("suspension", "owner-system")),
    ("resumed while active", "conflict", "owner", agreement("resumption", "owner")),
    ("resumed after its end", "conflict", "owner", agreement("resumption", "owner", which="ended")),
    ("suspended after its end", "conflict", "owner", agreement("suspension", "owner", which="ended")),
    ("no reason given", "request-invalid", "owner", agreement("suspension", "owner", reason="")),
    ("the ledger read by an operator", "role-missing", "operator", get("operator", "/audit/entries")),
    ("the ledger read backwards", "request-invalid", "auditor", get("auditor", "/audit/entries?start=-1")),
    ("the ledger read beyond numbers", "request-invalid", "auditor", get("auditor", f"/audit/entries?start={2**63}")),
    ("the ledger searched for nothing known", "request-invalid", "auditor", get("auditor", "/audit/entries?who=me")),
    ("the ledger searched for half a type", "request-invalid", "auditor", get("auditor", "/audit/entries?type=%25")),
    ("the ledger searched at no time", "request-invalid", "auditor", get("auditor", "/audit/entries?since=yesterday")),
    ("a decision made again beyond the end", "not-found", "auditor", get("auditor", f"/audit/entries/{2**52}/replay")),
)  # fmt: skip


@pytest.mark.parametrize("bad", COMMON)
async def test_a_request_that_cannot_be_read(populated_exchange: PopulatedExchange, bad: Bad) -> None:
    await check_refused(populated_exchange, bad)


@pytest.mark.parametrize("bad", PARTICIPANTS)
async def test_participants(populated_exchange: PopulatedExchange, bad: Bad) -> None:
    await check_refused(populated_exchange, bad)


@pytest.mark.parametrize("bad", SOURCES)
async def test_sources(populated_exchange: PopulatedExchange, bad: Bad) -> None:
    await check_refused(populated_exchange, bad)


@pytest.mark.parametrize("bad", FILES)
async def test_files(populated_exchange: PopulatedExchange, bad: Bad) -> None:
    await check_refused(populated_exchange, bad)
    uploads = populated_exchange.runtime.settings.data / "uploads"
    assert not list(uploads.glob("*"))


@pytest.mark.parametrize("bad", DATASETS)
async def test_datasets(populated_exchange: PopulatedExchange, bad: Bad) -> None:
    await check_refused(populated_exchange, bad)


@pytest.mark.parametrize("bad", APPLICATIONS)
async def test_applications(populated_exchange: PopulatedExchange, bad: Bad) -> None:
    await check_refused(populated_exchange, bad)


@pytest.mark.parametrize("bad", AGREEMENTS)
async def test_agreements_and_the_ledger(populated_exchange: PopulatedExchange, bad: Bad) -> None:
    await check_refused(populated_exchange, bad)
