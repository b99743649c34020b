"""The platform fetches: what it asks, what comes, what proves it."""

from collections.abc import Sequence
from typing import Any

from admin.demo import register
from admin.demo.cast import HUMAN_RESOURCES, PLATFORM
from admin.demo.chapters.beginning import PURPOSE
from admin.demo.materials import Material
from admin.demo.narrator import shortened
from admin.demo.stage import Stage, demand
from data_exchange_client.delivery import MEDIA_TYPES, Delivery

_ROWS = 4
_COLUMNS = 8
_ROWS_IN_FORMATS = 50
_DIGEST = 27


def fetch(stage: Stage) -> None:
    """One question to each department."""
    narrator = stage.narrator
    narrator.chapter("The platform fetches, and gets what was granted", "按协议取数")
    for material in stage.materials:
        _fetch(stage, material)
    question = register.last_question(stage.embedded)
    demand(question, "the department's server does not know what it was asked")
    narrator.gap()
    narrator.say(
        "Row filter and masks are in the question itself. What civil affairs' own database was asked, in its words:"
    )
    narrator.remark(question)


def _fetch(stage: Stage, material: Material) -> None:
    narrator = stage.narrator
    dataset, agreement = stage.datasets[material.owner], stage.agreements[material.owner]
    terms = dataset["document"]["terms"]
    filters = material.question([name for name in agreement["fields"] if name not in terms["masks"]])
    with stage.system(PLATFORM.handle) as client:
        delivery = client.fetch(material.reference, purpose=PURPOSE, filters=filters, limit=_ROWS)
        stage.deliveries[material.owner] = delivery
        demand(delivery.entry is not None, "a delivery names no ledger entry")
        receipt = client.receipt(delivery.entry or 0)
    delivery.save(stage.part("platform") / f"{material.handle}.json")
    receipt.save(stage.part("platform") / "receipts")
    stage.checkpoints.append(receipt.text)
    rows = list(delivery.rows())
    demand(rows, f"nothing came from {material.reference}")
    _demand_obliged(material, terms, rows)
    narrator.gap()
    narrator.say(f"{material.reference}: asked for {_words(filters)}, at most {_ROWS}")
    names = [name for name in rows[0] if any(row[name] is not None for row in rows)][:_COLUMNS]
    narrator.records([{name: row[name] for name in names} for row in rows])
    if len(names) < len(rows[0]):
        others = [name for name in rows[0] if name not in names]
        narrator.remark(f"and the fields {', '.join(others)}")
    body = receipt.body
    demand(body["result"]["content"] and body["type"] == "delivery.completed", "the entry is of another kind")
    narrator.check(
        f"the answer's signature verifies; on the ledger as entry {delivery.entry} before its first byte left; "
        f"receipt verified under checkpoint {receipt.checkpoint.size}"
    )


def _demand_obliged(material: Material, terms: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
    """Check what can be seen of the owner's terms in what came."""
    condition = terms["row_filter"]
    for row in rows:
        for name, mask in terms["masks"].items():
            if mask["kind"] == "partial" and row.get(name):
                demand("*" in row[name], f"{name} came unmasked")
        if condition and condition["op"] == "eq" and condition["field"] in row:
            demand(row[condition["field"]] == condition["value"], f"a row of {material.reference} should not have left")


def formats(stage: Stage) -> None:
    """The same question in every format, and everything as a stream."""
    narrator = stage.narrator
    narrator.chapter("The same rows in every format, and all of them as a stream", "多种格式与流式交付")
    material = next(one for one in stage.materials if one.owner == HUMAN_RESOURCES.handle)
    came: list[tuple[str, Delivery]] = []
    with stage.system(PLATFORM.handle) as client:
        for form in MEDIA_TYPES:
            target = stage.part("platform") / f"{material.handle}-{_ROWS_IN_FORMATS}.{form}"
            delivery = client.fetch(material.reference, purpose=PURPOSE, limit=_ROWS_IN_FORMATS, format=form, to=target)
            came.append((form, delivery))
        everything = client.fetch(
            material.reference, purpose=PURPOSE, format="arrow", to=stage.part("platform") / f"{material.handle}.arrow"
        )
    counts = [sum(1 for _ in delivery.rows()) for _, delivery in came]
    demand(len(set(counts)) == 1, "the formats do not hold the same number of rows")
    narrator.table(
        ("format", "rows", "bytes", "content digest", "entry"),
        [
            (form, count, f"{_size(delivery):,}", f"{delivery.content_digest[:_DIGEST]}…", delivery.entry)
            for (form, delivery), count in zip(came, counts, strict=True)
        ],
    )
    rows = everything.arrow().num_rows
    narrator.say(f"Everything the agreement allows, as one Arrow stream: {rows:,} rows, {_size(everything):,} bytes.")
    narrator.check(
        f"entry {everything.entry} says that it started, entry {everything.completed_entry} that it ended, with the digest "
        f"of what was sent: {everything.content_digest[:_DIGEST]}…, which is that of the file"
    )


def again(stage: Stage, material: Material) -> Delivery:
    """One more fetch of the first question's dataset."""
    with stage.system(PLATFORM.handle) as client:
        return client.fetch(material.reference, purpose=PURPOSE, limit=1)


def _size(delivery: Delivery) -> int:
    return len(delivery.content) if isinstance(delivery.content, bytes) else delivery.content.stat().st_size


def _words(filters: Sequence[Any]) -> str:
    if not filters:
        return "any rows"
    return " and ".join(f"{one['field']} {one['op']} {shortened(one['value'])}" for one in filters)
