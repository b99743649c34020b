"""Every address of the API, with who may call it and a document for it."""

from collections.abc import Callable
from typing import Any

from tests.support.exchanges.exchange import Key, assessment, in_days
from tests.support.exchanges.populated import PopulatedExchange, organisation
from tests.support.people.consenting import notice_for

OK = ""


R = "role-missing"


N = "not-found"


WHO = ("stranger", "consumer", "owner", "auditor")


Document = Callable[[PopulatedExchange], Any]


def nothing(_: PopulatedExchange) -> Any:
    return None


def reason(_: PopulatedExchange) -> Any:
    return {"reason": "核查"}


def principal(exchange: PopulatedExchange) -> Any:
    registration = exchange.registration(Key(), "owner", "another")
    return {"kind": "system", "handle": "another", "title": "Another", **registration}


def key_of_system(exchange: PopulatedExchange) -> Any:
    return exchange.registration(Key(), "owner", "service")


def role(exchange: PopulatedExchange) -> Any:
    return {"role": "approver", "domain": exchange.owner.id}


def dataset(exchange: PopulatedExchange) -> Any:
    return {
        "source": exchange.objects["table"]["id"],
        "handle": "x",
        "document": exchange.objects["people"]["document"],
    }


def change(_: PopulatedExchange) -> Any:
    return {"cause": "duty", "document": "x", "changed_on": "2026-03-02", "reason": "x"}


def deferral(_: PopulatedExchange) -> Any:
    new = {"dataset": "owner/people", "purpose": "talent-service", "law": "监察法 第十八条", "reason": "核查"}
    return new | {"visible_from": in_days(10)}


def item_source(exchange: PopulatedExchange) -> Any:
    return {"item": "x", "organisation": exchange.owner.id, "reason": "x"}


def correction(exchange: PopulatedExchange) -> Any:
    agreement = exchange.objects["agreement"]["id"]
    return {"agreement": agreement, "fault": "inaccurate", "fields": ["name"], "statement": "x"}


def statement(_: PopulatedExchange) -> Any:
    return {"statement": "x"}


def notice_of_stop(exchange: PopulatedExchange) -> Any:
    dataset = exchange.objects["people"]["id"]
    return {"dataset": dataset, "kind": "stop", "effective_on": "2093-03-31", "reason": "x"}


def consultation(_: PopulatedExchange) -> Any:
    return {"statement": "x", "filing": "x"}


PROOF = {"title": "x", "digest": "0" * 64}


def rights(exchange: PopulatedExchange) -> Any:
    return {"dataset": exchange.objects["draft"]["id"], "form": {}}


def with_evidence(_: PopulatedExchange) -> Any:
    return {"statement": "x", "evidence": [PROOF]}


def record_objection(_: PopulatedExchange) -> Any:
    return {"record": "QY2026129999", "statement": "x", "evidence": [PROOF]}


def step_of_objection(_: PopulatedExchange) -> Any:
    return {"verb": "contest", "statement": "x"}


def in_review(_: PopulatedExchange) -> Any:
    return {"days": 1, "statement": "x"}


def rights_refusal(_: PopulatedExchange) -> Any:
    return {"reasons": ["harm"], "statement": "x"}


def transfer(_: PopulatedExchange) -> Any:
    return {"transferee": "x", "rights": ["USE"], "contract": PROOF, "statement": "x"}


def cancellation(_: PopulatedExchange) -> Any:
    return {"reason": "request", "statement": "x"}


def certificate(_: PopulatedExchange) -> Any:
    return {"number": "SJ3312026080001", "registrar": "x", "stated": "valid"}


def listing(exchange: PopulatedExchange) -> Any:
    return {"dataset": exchange.objects["draft"]["id"]}


def step_of_listing(_: PopulatedExchange) -> Any:
    return {"verb": "approve", "statement": "x"}


def offer(_: PopulatedExchange) -> Any:
    name = {"zh": "x", "en": "x"}
    return {
        "name": name,
        "fields": ["code"],
        "purposes": ["statistics"],
        "days": 1,
        "price": {"model": {"kind": "free"}},
    }


def order(_: PopulatedExchange) -> Any:
    words = dict.fromkeys(("reference", "basis", "scenario", "scope"), "x")
    return {"offer": "01930b2e-6f1a-7000-8000-000000000001", "purpose": "statistics", **words}


def step_of_order(_: PopulatedExchange) -> Any:
    return {"verb": "accept", "statement": "x"}


def secrecy(_: PopulatedExchange) -> Any:
    return {"secrecy": assessment()}


def module(exchange: PopulatedExchange) -> Any:
    return {
        "organisation": exchange.owner.id,
        "module": "package exchange.owner",
        "tests": "package exchange.owner_test",
    }


def year(_: PopulatedExchange) -> Any:
    holidays = [{"name": "元旦", "first": "2027-01-01", "last": "2027-01-03"}]
    return {"year": 2027, "notice": "x", "digest": "0" * 64, "holidays": holidays, "workdays": []}


def parameter(_: PopulatedExchange) -> Any:
    return {"value": 15, "source": "x", "verified": False, "effective_from": "2027-01-01"}


def hold(_: PopulatedExchange) -> Any:
    return {"dataset": "owner/people", "value": 1, "basis": "litigation", "reason": "x"}


def extension(_: PopulatedExchange) -> Any:
    return {"days": 1, "reason": "x"}


def report(_: PopulatedExchange) -> Any:
    return {"ground": "third_party", "reason": "x"}


def resharing(_: PopulatedExchange) -> Any:
    return {"recipient": "x", "reason": "x"}


def disposal(_: PopulatedExchange) -> Any:
    return {"statement": "x", "evidence": "0" * 64}


def usage(_: PopulatedExchange) -> Any:
    return dict.fromkeys(("scenario", "process", "effect", "storage", "destruction"), "x")


def dispute(exchange: PopulatedExchange) -> Any:
    return {"kind": "agreement", "matter": exchange.objects["agreement"]["id"], "statement": "x"}


def step(_: PopulatedExchange) -> Any:
    return {"verb": "settle", "statement": "x"}


def question(exchange: PopulatedExchange) -> Any:
    return {"system": exchange.consumer.system_id, "dataset": "owner/people", "purpose": "talent-service"}


def file_source(exchange: PopulatedExchange) -> Any:
    return {"organisation": exchange.owner.id, "source": {"kind": "file", "title": "x"}}


def notice(_: PopulatedExchange) -> Any:
    return notice_for("owner/people", "consumer", fields=["person_id", "name"])


def person(exchange: PopulatedExchange) -> Any:
    return {"notice": exchange.objects["notice"]["id"], "value": 7}


def evidence(_: PopulatedExchange) -> Any:
    return {"method": "覆盖删除", "deleted_at": "2026-01-01T00:00:00+08:00"}


def refusal(exchange: PopulatedExchange) -> Any:
    return {**person(exchange), "decision": "refused"}


# Acts of the two stewards change the exchange, so other tests cover them: None here.
TABLE: list[tuple[str, str, Document, tuple[str | None, str | None, str | None, str | None]]] = [
    ("GET", "/me", nothing, (OK, OK, OK, OK)),
    ("GET", "/organisations", nothing, (OK, OK, OK, OK)),
    ("POST", "/organisations", lambda _: organisation(), (R, R, R, R)),
    ("GET", "/organisations/{organisation_id}", nothing, (OK, OK, OK, OK)),
    ("POST", "/organisations/{organisation_id}/admission", nothing, (R, R, R, R)),
    ("POST", "/organisations/{organisation_id}/suspension", nothing, (R, R, R, R)),
    ("POST", "/organisations/{organisation_id}/reinstatement", nothing, (R, R, R, R)),
    ("POST", "/organisations/{organisation_id}/departure", nothing, (R, R, R, R)),
    ("GET", "/organisations/{organisation_id}/principals", nothing, (OK, OK, OK, OK)),
    ("POST", "/organisations/{organisation_id}/principals", principal, (R, R, None, R)),
    ("POST", "/principals/{principal_id}/suspension", nothing, (N, N, None, R)),
    ("POST", "/principals/{principal_id}/reinstatement", nothing, (N, N, "conflict", R)),
    ("PUT", "/organisations/{organisation_id}/separation-of-duties", lambda _: {"separated": False}, (R, R, R, R)),
    ("GET", "/principals/{principal_id}/keys", nothing, (N, N, OK, OK)),
    ("POST", "/principals/{principal_id}/keys", key_of_system, (N, N, None, R)),
    ("POST", "/principals/{principal_id}/keys/{keyid}/revocation", nothing, (N, N, None, R)),
    ("POST", "/principals/{principal_id}/roles", role, (N, N, None, R)),
    ("POST", "/principals/{principal_id}/roles/revocation", role, (N, N, None, R)),
    ("GET", "/calendar", nothing, (OK, OK, OK, OK)),
    ("GET", "/calendar/years/{year}", nothing, (OK, OK, OK, OK)),
    ("POST", "/calendar/years", year, (R, R, R, R)),
    ("POST", "/calendar/years/{year}/confirmation", lambda _: {"days": "0" * 64}, (R, R, R, R)),
    ("GET", "/calendar/parameters", nothing, (OK, OK, OK, OK)),
    ("PUT", "/calendar/parameters/{parameter}", parameter, (R, R, R, R)),
    ("GET", "/calendar/parameters/{parameter}/last-day", nothing, (OK, OK, OK, OK)),
    ("GET", "/jobs", nothing, (R, R, R, R)),
    ("POST", "/jobs/{job_id}/retry", nothing, (R, R, R, R)),
    ("POST", "/jobs/{job_id}/discarding", reason, (R, R, R, R)),
    ("GET", "/messages", nothing, (OK, OK, OK, R)),
    ("POST", "/messages/{message_id}/reading", nothing, (N, N, N, R)),
    ("GET", "/sources", nothing, (OK, OK, OK, OK)),
    ("POST", "/sources", file_source, (R, R, None, R)),
    ("GET", "/sources/{source_id}", nothing, (N, N, OK, N)),
    ("PUT", "/sources/{source_id}/content", lambda _: b"a,b\n1,2\n", (N, N, "conflict", N)),
    ("POST", "/sources/{source_id}/withdrawal", nothing, (N, N, "conflict", N)),
    ("POST", "/sources/{source_id}/proposal", lambda _: {}, (N, N, None, N)),
    ("GET", "/datasets", nothing, (OK, OK, OK, OK)),
    ("POST", "/datasets", dataset, (N, N, None, N)),
    ("GET", "/datasets/{dataset_id}", nothing, (N, N, OK, N)),
    ("GET", "/datasets/by-handle/{organisation}/{handle}", nothing, (N, N, OK, N)),
    ("PUT", "/datasets/{dataset_id}/draft", dataset, (N, N, None, N)),
    ("DELETE", "/datasets/{dataset_id}/draft", nothing, (N, N, None, N)),
    ("GET", "/datasets/{dataset_id}/odrl", nothing, (N, N, OK, N)),
    ("PUT", "/datasets/{dataset_id}/draft/odrl", lambda _: {}, (N, N, "dataset-invalid", N)),
    ("POST", "/datasets/{dataset_id}/publication", nothing, (N, N, None, N)),
    ("POST", "/datasets/{dataset_id}/withdrawal", reason, (N, N, "conflict", N)),
    ("POST", "/datasets/{dataset_id}/assessment", secrecy, (N, N, "filing-incomplete", N)),
    ("POST", "/datasets/{dataset_id}/consent", nothing, (N, N, "conflict", N)),
    ("POST", "/datasets/{dataset_id}/filing", nothing, (N, N, "conflict", N)),
    ("GET", "/filings", nothing, (OK, OK, OK, OK)),
    ("GET", "/filings/{filing_id}", nothing, (N, N, N, N)),
    ("POST", "/filings/{filing_id}/publication", nothing, (R, R, R, R)),
    ("POST", "/filings/{filing_id}/return", reason, (R, R, R, R)),
    ("POST", "/datasets/{dataset_id}/change", change, (N, N, "conflict", N)),
    ("GET", "/catalogue-changes", nothing, (OK, OK, OK, OK)),
    ("GET", "/catalogue-changes/{change_id}", nothing, (N, N, N, N)),
    ("POST", "/catalogue-changes/{change_id}/extension", lambda _: {"days": 1, "consent": "x"}, (R, R, R, R)),
    ("GET", "/webhooks", nothing, (OK, OK, OK, R)),
    ("POST", "/webhooks", lambda _: {"url": "http://x.example/"}, ("webhook-refused",) * 3 + (R,)),
    ("POST", "/webhooks/{webhook_id}/resumption", nothing, (N, N, N, R)),
    ("DELETE", "/webhooks/{webhook_id}", nothing, (N, N, N, R)),
    ("GET", "/datasets/{dataset_id}/lineage", nothing, (N, N, OK, N)),
    ("POST", "/catalogue/matches", lambda _: {"items": [{"name": "x"}]}, (OK, OK, OK, OK)),
    ("GET", "/catalogue/item-sources", nothing, (OK, OK, OK, OK)),
    ("PUT", "/catalogue/item-sources", item_source, (R, R, R, R)),
    ("GET", "/corrections", nothing, (OK, OK, OK, OK)),
    ("POST", "/corrections", correction, (N, None, N, N)),
    ("GET", "/corrections/{correction_id}", nothing, (N, N, N, N)),
    ("POST", "/corrections/{correction_id}/correction", statement, (N, N, N, N)),
    ("POST", "/corrections/{correction_id}/confirmation", statement, (N, N, N, N)),
    ("POST", "/corrections/{correction_id}/settlement", statement, (N, N, N, N)),
    ("POST", "/corrections/{correction_id}/dispute", statement, (N, N, N, N)),
    ("POST", "/corrections/{correction_id}/withdrawal", statement, (N, N, N, N)),
    ("POST", "/rights/checks", rights, (N, N, OK, N)),
    ("GET", "/rights/applications", nothing, (OK, OK, OK, OK)),
    ("POST", "/rights/applications", rights, (N, N, "data-not-registrable", N)),
    ("GET", "/rights/applications/{application_id}", nothing, (N, N, N, N)),
    ("PUT", "/rights/applications/{application_id}/form", lambda _: {"form": {}}, (N, N, N, N)),
    ("PUT", "/rights/applications/{application_id}/request", lambda e: {"cancellation": cancellation(e)}, (N, N, N, N)),
    ("POST", "/rights/applications/{application_id}/confirmation", nothing, (N, N, N, R)),
    ("POST", "/rights/applications/{application_id}/filing", nothing, (N, N, N, N)),
    ("POST", "/rights/applications/{application_id}/supplement", nothing, (N, N, N, N)),
    ("POST", "/rights/applications/{application_id}/evidence", with_evidence, (N, N, N, N)),
    ("POST", "/rights/applications/{application_id}/withdrawal", statement, (N, N, N, N)),
    ("POST", "/rights/applications/{application_id}/acceptance", nothing, (R, R, R, R)),
    ("POST", "/rights/applications/{application_id}/return", lambda _: {"missing": ["x"]}, (R, R, R, R)),
    ("POST", "/rights/applications/{application_id}/evidence-request", statement, (R, R, R, R)),
    ("POST", "/rights/applications/{application_id}/extension", in_review, (R, R, R, R)),
    ("POST", "/rights/applications/{application_id}/publicity", nothing, (R, R, R, R)),
    ("POST", "/rights/applications/{application_id}/publicity-waiver", statement, (R, R, R, R)),
    ("GET", "/rights/applications/{application_id}/objections", nothing, (OK, OK, OK, OK)),
    ("POST", "/rights/applications/{application_id}/objections", with_evidence, (N, N, N, R)),
    ("POST", "/rights/applications/{application_id}/objections/{objection_id}/dismissal", statement, (R, R, R, R)),
    ("POST", "/rights/applications/{application_id}/objections/{objection_id}/upholding", statement, (R, R, R, R)),
    ("POST", "/rights/applications/{application_id}/refusal", rights_refusal, (R, R, R, R)),
    ("POST", "/rights/applications/{application_id}/termination", statement, (R, R, R, R)),
    ("POST", "/rights/applications/{application_id}/deposit", nothing, (R, R, R, R)),
    ("GET", "/rights/records", nothing, (OK, OK, OK, OK)),
    ("GET", "/rights/records/{record_id}", nothing, (N, N, N, N)),
    ("POST", "/rights/records/{record_id}/renewals", statement, (N, N, N, N)),
    ("POST", "/rights/records/{record_id}/transfers", transfer, (N, N, N, N)),
    ("POST", "/rights/records/{record_id}/changes", statement, (N, N, N, N)),
    ("POST", "/rights/records/{record_id}/cancellations", cancellation, (N, N, N, N)),
    ("POST", "/rights/records/{record_id}/restriction", with_evidence, (R, R, R, R)),
    ("POST", "/rights/records/{record_id}/release", with_evidence, (R, R, R, R)),
    ("POST", "/rights/records/{record_id}/cancellation-order", with_evidence, (R, R, R, R)),
    ("GET", "/rights/objections", nothing, (OK, OK, OK, OK)),
    ("POST", "/rights/objections", record_objection, (N, N, N, R)),
    ("POST", "/rights/objections/{objection_id}/steps", step_of_objection, (N, N, N, N)),
    ("POST", "/rights/records/{record_id}/certificates", certificate, (N, N, N, N)),
    ("POST", "/rights/certificates/{certificate_id}/check", lambda _: {"checked": "confirmed"}, (R, R, R, R)),
    ("GET", "/market/listings", nothing, (OK, OK, OK, OK)),
    ("POST", "/market/listings", listing, (N, N, None, N)),
    ("GET", "/market/listings/{listing_id}", nothing, (N, N, N, N)),
    ("PUT", "/market/listings/{listing_id}/document", lambda _: {}, (N, N, N, N)),
    ("POST", "/market/listings/{listing_id}/checks", nothing, (N, N, N, N)),
    ("POST", "/market/listings/{listing_id}/steps", step_of_listing, (N, N, N, N)),
    ("POST", "/market/listings/{listing_id}/offers", offer, (N, N, N, N)),
    ("POST", "/market/offers/{offer_id}/closing", nothing, (N, N, N, N)),
    ("GET", "/market/listings/{listing_id}/facts", nothing, (N, N, N, N)),
    ("GET", "/market/disclosures/{year}", nothing, (OK, OK, OK, OK)),
    ("GET", "/market/disclosures/{year}/table.csv", nothing, (OK, OK, OK, OK)),
    ("GET", "/market/orders", nothing, (OK, OK, OK, OK)),
    ("POST", "/market/orders", order, (N, N, N, R)),
    ("GET", "/market/orders/{order_id}", nothing, (N, N, N, N)),
    ("GET", "/market/orders/{order_id}/contract", nothing, (N, N, N, N)),
    ("POST", "/market/orders/{order_id}/signature", lambda _: {"digest": "0" * 64}, (N, N, N, N)),
    ("POST", "/market/orders/{order_id}/steps", step_of_order, (N, N, N, N)),
    ("GET", "/policy-modules", nothing, (OK, OK, OK, OK)),
    ("POST", "/policy-modules", module, (R, R, None, R)),
    ("GET", "/policy-modules/{digest}", nothing, (N, N, N, N)),
    ("GET", "/applications", nothing, (OK, OK, OK, OK)),
    ("POST", "/applications", lambda s: s.draft_application(s.objects["secret"]), ("dataset-not-shared",) * 3 + (R,)),
    ("GET", "/applications/{application_id}", nothing, (N, OK, OK, OK)),
    ("POST", "/applications/{application_id}/consent", nothing, (N, "conflict", R, N)),
    ("POST", "/applications/{application_id}/extension-consent", extension, (N, R, R, N)),
    ("POST", "/applications/{application_id}/extension", extension, (N, R, "conflict", N)),
    ("POST", "/applications/{application_id}/approval", lambda _: {}, (N, R, None, N)),
    ("POST", "/applications/{application_id}/refusal", lambda _: {"reasons": "x"}, (N, R, None, N)),
    ("POST", "/applications/{application_id}/supplement-request", lambda _: {"missing": "x"}, (N, R, None, N)),
    ("POST", "/applications/{application_id}/supplement", lambda _: {"supplement": "x"}, (N, "conflict", R, N)),
    ("POST", "/applications/{application_id}/withdrawal", nothing, (N, None, R, N)),
    ("GET", "/agreements", nothing, (OK, OK, OK, OK)),
    ("GET", "/agreements/{agreement_id}", nothing, (N, OK, OK, OK)),
    ("GET", "/agreements/{agreement_id}/odrl", nothing, (N, OK, OK, OK)),
    ("GET", "/agreements/{agreement_id}/statements", nothing, (N, OK, OK, OK)),
    ("POST", "/agreements/{agreement_id}/narrowing", lambda _: {"reason": "x", "row_cap": 1}, (N, R, None, R)),
    ("POST", "/agreements/{agreement_id}/suspension", reason, (N, R, None, R)),
    ("POST", "/agreements/{agreement_id}/resumption", reason, (N, R, "conflict", R)),
    ("POST", "/agreements/{agreement_id}/termination", reason, (N, None, None, R)),
    ("POST", "/agreements/{agreement_id}/activation", reason, (N, R, "conflict", R)),
    ("GET", "/agreement-notices", nothing, (OK, OK, OK, OK)),
    ("POST", "/agreement-notices", notice_of_stop, (N, N, "conflict", N)),
    ("GET", "/agreement-notices/{notice_id}", nothing, (N, N, N, N)),
    ("POST", "/agreement-notices/{notice_id}/consultation", consultation, (N, N, N, N)),
    ("POST", "/agreement-notices/{notice_id}/execution", reason, (N, N, N, N)),
    ("POST", "/agreement-notices/{notice_id}/withdrawal", reason, (N, N, N, N)),
    ("GET", "/agreements/{agreement_id}/records", nothing, (N, OK, OK, OK)),
    ("POST", "/agreements/{agreement_id}/rectification", reason, (N, "conflict", R, R)),
    ("POST", "/agreements/{agreement_id}/reports", report, ("conflict",) * 4),
    ("POST", "/agreements/{agreement_id}/resharing", resharing, (N, "conflict", R, R)),
    ("POST", "/agreements/{agreement_id}/disposal", disposal, (N, "conflict", R, R)),
    ("POST", "/agreements/{agreement_id}/usage", usage, (N, "conflict", R, R)),
    ("GET", "/duties", nothing, (R, R, R, OK)),
    ("GET", "/organisations/{organisation_id}/duties", nothing, (R, R, OK, OK)),
    ("GET", "/disputes", nothing, (OK, OK, OK, OK)),
    ("POST", "/disputes", dispute, (N, "conflict", "conflict", R)),
    ("GET", "/disputes/{dispute_id}", nothing, (N, N, N, N)),
    ("POST", "/disputes/{dispute_id}/steps", step, (N, N, N, N)),
    ("GET", "/deliveries/{stream_id}", nothing, (N, N, N, N)),
    ("POST", "/subjects/details", lambda _: {"entry": 0}, (N, N, N, N)),
    ("POST", "/subjects/erasure", lambda _: {"subject": "0" * 64, "basis": "other-law"}, (R, R, R, R)),
    ("GET", "/subjects/holds", nothing, (R, R, R, R)),
    ("POST", "/subjects/holds", hold, (R, R, R, R)),
    ("POST", "/subjects/holds/{hold_id}/lifting", reason, (R, R, R, R)),
    ("POST", "/subjects/codes", lambda _: {"dataset": "owner/people", "value": "1", "level": "x"}, (N, N, None, N)),
    ("GET", "/disclosures/deferrals", nothing, (OK, OK, OK, OK)),
    ("POST", "/disclosures/deferrals", deferral, ("conflict", "conflict", "conflict", R)),
    ("POST", "/disclosures/deferrals/{deferral_id}/confirmation", nothing, (N, N, N, N)),
    ("GET", "/person-requests", nothing, (OK, OK, OK, OK)),
    ("POST", "/person-requests/{request_id}/reading", nothing, (N, N, N, N)),
    ("POST", "/person-requests/{request_id}/grant", lambda _: {"statement": "x"}, (N, N, N, N)),
    ("POST", "/person-requests/{request_id}/refusal", lambda _: {"reasons": "x"}, (N, N, N, N)),
    ("POST", "/person-requests/{request_id}/restriction", lambda _: {"law": "x"}, (N, N, N, N)),
    ("GET", "/consent-notices", nothing, (OK, OK, OK, OK)),
    ("POST", "/consent-notices", notice, (N, N, None, N)),
    ("GET", "/consent-notices/{notice_id}", nothing, (N, OK, OK, OK)),
    ("POST", "/consent-notices/{notice_id}/closing", reason, (N, N, None, N)),
    ("GET", "/consents", nothing, (OK, OK, OK, OK)),
    ("POST", "/consents/search", person, (N, N, OK, N)),
    ("POST", "/consents/requests", person, (N, N, None, N)),
    ("POST", "/consents/decisions", refusal, (N, N, None, N)),
    ("GET", "/consents/{consent_id}", nothing, (N, N, OK, OK)),
    ("GET", "/consents/{consent_id}/record", nothing, (N, N, OK, OK)),
    ("POST", "/consents/{consent_id}/revocation", reason, (N, N, None, N)),
    ("POST", "/consents/{consent_id}/invalidation", reason, (N, N, None, N)),
    ("PUT", "/consent-notices/{notice_id}/decisions", lambda _: b"person,decision,at\n", (N, N, "request-malformed", N)),
    ("GET", "/consent-loads/{load_id}", nothing, (N, N, N, N)),
    ("GET", "/consent-loads/{load_id}/rejects", nothing, (N, N, N, N)),
    ("GET", "/deletions", nothing, (OK, OK, OK, OK)),
    ("GET", "/deletions/{deletion_id}", nothing, (N, OK, OK, OK)),
    ("POST", "/deletions/{deletion_id}/person", nothing, (N, OK, N, N)),
    ("POST", "/deletions/{deletion_id}/evidence", evidence, (N, None, N, N)),
    ("GET", "/audit/entries", nothing, (OK, OK, OK, OK)),
    ("GET", "/audit/entries.csv", nothing, (OK, OK, OK, OK)),
    ("POST", "/audit/people", lambda _: {"dataset": "owner/people", "value": 1}, (N, N, OK, OK)),
    ("GET", "/audit/entries/{index}/replay", nothing, (N, N, OK, OK)),
    ("POST", "/policy/explanations", question, (N, OK, OK, OK)),
    ("POST", "/datasets/{dataset_id}/draft/effects", nothing, (N, N, OK, N)),
]  # fmt: skip


def address(exchange: PopulatedExchange, path: str) -> str:
    """The address of something of the owner's."""
    return path.format(
        organisation_id=exchange.owner.id,
        principal_id=exchange.owner.system_id,
        keyid=exchange.owner.system.keyid,
        source_id=exchange.objects["table"]["id"],
        dataset_id=exchange.objects["draft"]["id"],
        digest="0" * 64,
        year=2026,
        job_id=1,
        message_id="01930b2e-6f1a-7000-8000-000000000001",
        parameter="provide",
        organisation="owner",
        handle="draft",
        application_id=exchange.objects["application"]["id"],
        agreement_id=exchange.objects["agreement"]["id"],
        index=exchange.objects["published"],
        notice_id=exchange.objects["notice"]["id"],
        consent_id=exchange.objects["consent"]["id"],
        load_id="01930b2e-6f1a-7000-8000-000000000001",
        deletion_id=exchange.objects["deletion"]["id"],
        deferral_id="01930b2e-6f1a-7000-8000-000000000001",
        dispute_id="01930b2e-6f1a-7000-8000-000000000001",
        stream_id="01930b2e-6f1a-7000-8000-000000000001",
        change_id="01930b2e-6f1a-7000-8000-000000000001",
        correction_id="01930b2e-6f1a-7000-8000-000000000001",
        filing_id="01930b2e-6f1a-7000-8000-000000000001",
        request_id="01930b2e-6f1a-7000-8000-000000000001",
        objection_id="01930b2e-6f1a-7000-8000-000000000001",
        record_id="01930b2e-6f1a-7000-8000-000000000001",
        certificate_id="01930b2e-6f1a-7000-8000-000000000001",
        listing_id="01930b2e-6f1a-7000-8000-000000000001",
        offer_id="01930b2e-6f1a-7000-8000-000000000001",
        order_id="01930b2e-6f1a-7000-8000-000000000001",
        webhook_id="01930b2e-6f1a-7000-8000-000000000001",
        hold_id="01930b2e-6f1a-7000-8000-000000000001",
    )


PUBLIC = {
    "/rights/publicity",
    "/rights/context",
    "/rights/issuer",
    "/rights/issuer/jwks.json",
    "/rights/status/{number}/{purpose}",
    "/market/days",
    "/rights/{code}",
    "/rights/{code}/certificate",
    "/portal/sign-in/passkey/options",
    "/portal/sign-in/passkey",
    "/portal/enrolment/options",
    "/portal/enrolment",
    "/",
    "/.well-known/data-exchange",
    "/catalog",
    "/catalog/{dataset_id}",
    "/docs",
    "/ledger/checkpoint",
    "/ledger/checkpoints",
    "/ledger/checkpoints/{size}.tsr",
    "/ledger/entries/{index}",
    "/ledger/minimum-index",
    "/ledger/policy",
    "/ledger/receipts/{index}",
    "/ledger/rotations",
    "/ledger/tile/{path:path}",
    "/ledger/timestamps",
    "/ledger/vkey",
    "/livez",
    "/openapi.json",
    "/portal/sign-in",
    "/portal/sign-in/callback",
    "/problems/{slug}",
    "/readyz",
    "/static-offline-docs",
}
"""The addresses that anyone may read. An address belongs here only if its content is public."""
