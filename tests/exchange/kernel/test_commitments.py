"""The ledger holds salted digests of words and filters: nobody can guess them; readers of the words can check them."""

import hashlib
from typing import Any

from exchange.kernel.commitments import commitment, new_salt
from ledger.format import canonical
from tests.support.exchanges.exchange import Exchange

CSV = "id,name,city\n" + "".join(f"{n:04d},陈{n},C{n % 4}\n" for n in range(1, 41))
AGREED = (
    "dataset_version fields lane masks not_after not_before purpose row_cap row_filter application:application_id "
    "consumer:consumer_id dataset:dataset_id provider:provider_id"
)
ASKED = "basis fields lane method not_after purpose row_filter scenario scope consumer:consumer_id dataset:dataset_id"


def salted(salt: str, value: Any) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + canonical.dumps(value)).hexdigest()


def of(answer: dict[str, Any], names: str) -> dict[str, Any]:
    """The members of an answer that a digest is over; times as entries write them."""
    members = {}
    for name in names.split():
        ours, _, theirs = name.partition(":")
        members[ours] = answer[theirs or ours]
    for name in ("not_before", "not_after"):
        if name in members:
            whole, _, fraction = members[name].removesuffix("Z").partition(".")
            members[name] = f"{whole}.{fraction or '000000'}Z"
    return members


def test_a_commitment_needs_its_salt() -> None:
    salt = new_salt()
    assert salt != new_salt()
    assert commitment("张三", salt=salt) == salted(salt, "张三") != commitment("张三", salt=new_salt())


async def test_both_sides_can_check_every_digest_and_nobody_can_guess_one(exchange: Exchange) -> None:
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    source = await exchange.register_file(owner, CSV.encode())
    dataset = await exchange.publish_dataset(
        owner, source, "people", terms={"row_filter": {"field": "name", "op": "ne", "value": "陈7"}}
    )
    application = await exchange.apply(consumer, dataset, row_filter={"field": "city", "op": "eq", "value": "C1"})
    target = f"/api/v1/applications/{application['id']}"
    await exchange.call_ok(owner.steward, "POST", f"{target}/supplement-request", {"missing": "依据"})
    await exchange.call_ok(consumer.steward, "POST", f"{target}/supplement", {"supplement": "条例第十条"})
    approved = await exchange.call_ok(
        owner.steward, "POST", f"{target}/approval", {"masks": {"name": {"kind": "hash"}}}
    )
    target = f"/api/v1/agreements/{approved['agreement']['id']}"
    for verb in ("suspension", "resumption", "termination"):
        await exchange.call_ok(owner.steward, "POST", f"{target}/{verb}", {"reason": "李四要求"})
    withdrawn = await exchange.call_ok(
        owner.steward, "POST", f"/api/v1/datasets/{dataset['id']}/withdrawal", {"reason": "王五要求"}
    )

    entries = await exchange.read_entries()
    body = {entry["type"]: entry for entry in entries}
    application = await exchange.call_ok(consumer.steward, "GET", f"/api/v1/applications/{application['id']}")
    salt = application["salt"]
    assert body["application.submitted"]["basis"] == salted(salt, application["basis"])
    assert body["application.submitted"]["document"] == salted(salt, of(application, ASKED))
    assert body["application.supplement_requested"]["statement"] == salted(salt, "依据")
    assert body["application.supplemented"]["statement"] == salted(salt, "条例第十条")

    agreement = await exchange.call_ok(consumer.steward, "GET", target)
    assert body["agreement.concluded"]["document"] == agreement["digest"]
    assert agreement["digest"] == salted(agreement["salt"], of(agreement, AGREED))
    statements = await exchange.call_ok(consumer.steward, "GET", f"{target}/statements")
    assert [statement["type"] for statement in statements] == [
        "agreement.suspended",
        "agreement.resumed",
        "agreement.terminated",
    ]
    for statement in statements:
        assert statement["reason"] == "李四要求"
        assert body[statement["type"]]["statement"] == salted(statement["salt"], "李四要求")
    assert len({statement["salt"] for statement in statements}) == 3

    assert body["dataset.published"]["document"] == dataset["digest"] == salted(dataset["salt"], dataset["document"])
    assert body["dataset.withdrawn"]["reason"] == salted(withdrawn["withdrawal"]["salt"], "王五要求")
    assert withdrawn["withdrawal"]["reason"] == "王五要求"

    plain = {
        hashlib.sha256(text.encode()).hexdigest() for text in ("李四要求", "王五要求", "依据", application["basis"])
    }
    assert not plain & {value for entry in entries for value in entry.values() if isinstance(value, str)}


async def test_statements_are_for_both_sides_only(exchange: Exchange) -> None:
    owner, consumer, stranger = [await exchange.admit(name) for name in ("owner", "consumer", "stranger")]
    dataset = await exchange.publish_dataset(owner, await exchange.register_file(owner, CSV.encode()), "people")
    agreement = await exchange.conclude_agreement(consumer, owner, dataset)
    target = f"/api/v1/agreements/{agreement['id']}/statements"
    assert await exchange.call_ok(owner.steward, "GET", target) == []
    assert (await exchange.call(stranger.steward, "GET", target)).problem == "not-found"
