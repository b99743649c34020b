"""A bank gets rows about people as far as they consent: one refuses, and one withdraws while a stream is running."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from admin import joining
from admin.demo import contributions
from admin.demo.environment import Environment, failure, require
from admin.demo.materials import Material
from admin.demo.participants import BANK, HUMAN_RESOURCES
from admin.demo.people import Talent
from admin.demo.steps.publishing import publish_material
from admin.demo.transports import Interrupting
from data_exchange_client.api import Client
from data_exchange_client.connection import Answer
from data_exchange_client.delivery import Delivery

PURPOSE = "loan-assessment"
_FIELD = contributions.HEADER[0]
_MONTH = contributions.HEADER[1]
_NOTICED = timedelta(days=30)
_MERGED_WITHIN = 60.0
_POLL = 0.05
_MEGABYTE = 1 << 20
_SHOWN = 4


def consent(environment: Environment, people: list[Talent]) -> None:
    """Play the whole act."""
    environment.output.step("The people in the data decide", "数据主体的同意、拒绝与撤回")
    material = _prepare(environment, people)
    notice = _publish_notice(environment, material)
    refusing, withdrawing = people[1], people[2]
    _refuse(environment, material, notice, people, refusing=refusing)
    _withdraw(environment, material, notice, people, withdrawing)


def _prepare(environment: Environment, people: list[Talent]) -> Material:
    """Let a bank join, publish the contributions, and let the bank apply for them."""
    environment.joined[BANK.handle] = joining.join(environment.data, environment.client, BANK)
    path = environment.part("departments") / "contributions.csv"
    contributions.write_contributions(path, people)
    material = Material(
        owner=HUMAN_RESOURCES.handle,
        handle="contributions",
        title={"zh": "社会保险缴费记录（合成数据）", "en": "Social insurance contributions (synthetic)"},
        about="a CSV file",
        path=path,
        is_personal=True,
        clear=contributions.HEADER[1:],
        unmasked=(_FIELD,),
    )
    dataset = publish_material(environment, material, purposes=(PURPOSE,), terms={"consent": True}).dataset
    with environment.steward(BANK.handle) as bank:
        application = bank.request(
            "POST",
            "/api/v1/applications",
            json={
                "dataset": material.reference,
                "fields": dataset["document"]["terms"]["fields"],
                "purpose": PURPOSE,
                "basis": "《中华人民共和国个人信息保护法》第二十三条 (the separate consent of each person)",
                "scenario": "核验贷款申请人的缴费记录 (checking an applicant's contributions)",
                "scope": "仅限本人同意的记录 (what people consented to, nothing else)",
                "not_after": (datetime.now(UTC) + timedelta(days=365)).isoformat(timespec="seconds"),
            },
        ).json()
    with environment.steward(material.owner) as owner:
        answer = owner.request("POST", f"/api/v1/applications/{application['id']}/approval", json={})
    agreement = answer.json()["agreement"]
    require(agreement["state"] == "active", f"the agreement on {material.reference} is {agreement['state']}")
    environment.output.text(
        f"{environment.joined[BANK.handle].organisation['name_zh']}, an enterprise, has an agreement on "
        f"{material.reference} (entry {answer.entry}). The terms ask for consent, so a row leaves only if its person agreed."
    )
    return material


def _publish_notice(environment: Environment, material: Material) -> dict[str, Any]:
    owner, bank = (environment.joined[handle].organisation for handle in (material.owner, BANK.handle))
    document = {
        "dataset": material.reference,
        "recipient": BANK.handle,
        "purpose": PURPOSE,
        "fields": list(contributions.HEADER),
        "version": "2026-1",
        "text": "我们将您的社会保险缴费记录提供给银行，仅用于核验您的贷款申请。您可以不同意，也可以随时撤回同意。",
        "controller": {"name": owner["name_zh"], "contact": "12333"},
        "recipient_contact": {"name": bank["name_zh"], "contact": "service@example.org"},
        "purpose_text": "核验贷款申请人的缴费记录",
        "processing": "接口查询，按次返回",
        "retention_days": 90,
        "retention_basis": "贷款审批的期限",
        "at_expiry": "到期删除",
        "term_days": 365,
        "rights": "可向提供方查阅、复制、更正、删除",
        "withdrawal": "在服务窗口撤回，与同意同样方便",
        "necessity_and_impact": "不提供则无法核验；提供后银行可见您的缴费基数",
        "in_use_since": (datetime.now(UTC) - _NOTICED).isoformat(timespec="seconds"),
    }
    with environment.steward(material.owner) as steward:
        answer = steward.request("POST", "/api/v1/consent-notices", json=document)
    notice: dict[str, Any] = answer.json()
    environment.output.text(
        f"The owner publishes the notice (告知书) that people are shown: entry {answer.entry}, sha256:{notice['digest'][:16]}…"
    )
    return notice


def _refuse(
    environment: Environment, material: Material, notice: dict[str, Any], people: list[Talent], *, refusing: Talent
) -> None:
    """Load everybody's decision, and fetch the same question before and after."""
    shown = people[:_SHOWN]
    before = _page(environment, material, shown)
    path = environment.part("departments") / "decisions.csv"
    contributions.write_decisions(path, people, refusing=refusing, at=datetime.now(UTC) - timedelta(days=1))
    with environment.steward(material.owner) as steward:
        answer = steward.request("PUT", f"/api/v1/consent-notices/{notice['id']}/decisions", content=path)
        load = answer.json()
        merged = _wait_merged(steward, load)
    require(merged["given"] == len(people) - 1 and merged["refused"] == 1, "the load was not merged as it is")
    after = _page(environment, material, shown)
    delivered = [row[_FIELD] for row in after.rows()]
    require(
        delivered == [person.number for person in shown if person is not refusing], "other rows left than may leave"
    )
    environment.output.text(
        f"The owner loads what {len(people):,} people decided at its window, with the proof of each: entry {answer.entry}, "
        f"{merged['given']:,} consent, {merged['refused']} refuses. The bank asks for the same {_SHOWN} people each time:"
    )
    environment.output.table(
        ("when", "rows", "people", "entry", "epoch"),
        [
            ("before anybody was asked", sum(1 for _ in before.rows()), "—", before.entry, _epoch(environment, before)),
            (
                f"after {refusing.number} refused",
                len(delivered),
                " ".join(delivered),
                after.entry,
                _epoch(environment, after),
            ),
        ],
    )


def _page(environment: Environment, material: Material, people: list[Talent]) -> Delivery:
    filters = [(_FIELD, "in", [person.number for person in people]), (_MONTH, "eq", contributions.MONTHS[-1])]
    with environment.system(BANK.handle) as client:
        return client.fetch(material.reference, purpose=PURPOSE, filters=filters, limit=_SHOWN)


def _wait_merged(steward: Client, load: dict[str, Any]) -> dict[str, Any]:
    """Wait until the rows of a load are in the records. Raises CannotDo."""
    deadline = time.monotonic() + _MERGED_WITHIN
    while time.monotonic() < deadline:
        state: dict[str, Any] = steward.request("GET", f"/api/v1/consent-loads/{load['id']}").json()
        if state["state"] == "merged":
            return state
        time.sleep(_POLL)
    raise failure("the decisions were not merged")


def _withdraw(
    environment: Environment, material: Material, notice: dict[str, Any], people: list[Talent], person: Talent
) -> None:
    """Fetch everything as a stream; after its first rows, the person withdraws at the owner's window."""
    withdrawn: list[Answer] = []

    def withdraw() -> None:
        decision = {"notice": notice["id"], "value": person.number, "decision": "withdrawn"}
        with environment.steward(material.owner) as steward:
            withdrawn.append(steward.request("POST", "/api/v1/consents/decisions", json=decision))

    def interrupt(inner: httpx2.BaseTransport) -> httpx2.BaseTransport:
        return Interrupting(inner, after=_MEGABYTE, act=withdraw)

    target = environment.part("platform") / "contributions.ndjson"
    with environment.client(environment.joined[BANK.handle].system, through=interrupt) as client:
        stream = client.fetch(material.reference, purpose=PURPOSE, format="ndjson", to=target)
    rows = Counter(row[_FIELD] for row in stream.rows())
    months = len(contributions.MONTHS)
    require(withdrawn, "the stream was over before the person withdrew")
    require(0 < rows[person.number] < months, f"{rows[person.number]} rows of the person who withdrew left")
    require(sum(count == months for count in rows.values()) == len(people) - 2, "rows of others are missing")
    [span] = _entry(environment, stream.completed_entry)["consents"]
    environment.output.text(
        f"Then it streams everything. When the first megabyte has arrived, {person.number} withdraws at the window:"
    )
    environment.output.table(
        ("entry", "what happened", "epoch"),
        [
            (stream.entry, "the stream starts", span["first"]),
            (withdrawn[0].entry, "consent.withdrawn", span["last"]),
            (stream.completed_entry, f"the stream ends after {sum(rows.values()):,} rows", span["last"]),
        ],
    )
    environment.output.check(
        f"{rows[person.number]} of the {months} rows of {person.number} had left, none is in a later batch; "
        f"the {len(people) - 2:,} others have all of theirs"
    )
    _delete(environment, withdrawn[0])


def _delete(environment: Environment, withdrawal: Answer) -> None:
    """Show what the bank has to do about the rows that it got before."""
    with environment.steward(BANK.handle) as bank:
        [deletion] = bank.request("GET", "/api/v1/deletions").json()
    require(deletion["consent_id"] == withdrawal.json()["id"], "the withdrawal orders no deletion")
    due = f"until {deletion['due']}" if deletion["due"] else "by a day that next year's calendar has to tell"
    environment.output.text(f"The bank has to delete what it got of that person, and to prove it, {due}.")


def _epoch(environment: Environment, delivery: Delivery) -> int:
    [span] = _entry(environment, delivery.entry)["consents"]
    return int(span["last"])


def _entry(environment: Environment, index: int | None) -> dict[str, Any]:
    require(index is not None, "an answer names no ledger entry")
    with environment.client(None) as anyone:
        return dict(anyone.receipt(index or 0).body)
