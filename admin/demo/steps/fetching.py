"""The platform fetches rows, and the receipts that prove it."""

from collections.abc import Sequence
from typing import Any

from admin.demo import civil_affairs
from admin.demo.environment import Environment, require
from admin.demo.materials import Material
from admin.demo.output import shortened
from admin.demo.participants import HUMAN_RESOURCES, PLATFORM
from admin.demo.steps.publishing import PURPOSE
from data_exchange_client.delivery import MEDIA_TYPES, Delivery

_ROWS = 4
_COLUMNS = 8
_ROWS_IN_FORMATS = 50
_DIGEST = 27


def fetch(environment: Environment) -> None:
    """Fetch a few rows from each department."""
    output = environment.output
    output.step("The platform fetches, and gets what was granted", "按协议取数")
    for material in environment.materials:
        _fetch(environment, material)
    statement = civil_affairs.last_statement(environment.embedded)
    require(statement, "the department's server has no statement of the exchange")
    output.gap()
    output.text(
        "Row filter and masks are in the question itself. What civil affairs' own database was asked, in its words:"
    )
    output.remark(statement)


def _fetch(environment: Environment, material: Material) -> None:
    output = environment.output
    dataset, agreement = environment.datasets[material.owner], environment.agreements[material.owner]
    terms = dataset["document"]["terms"]
    filters = material.request_filter([name for name in agreement["fields"] if name not in terms["masks"]])
    with environment.system(PLATFORM.handle) as client:
        delivery = client.fetch(material.reference, purpose=PURPOSE, filters=filters, limit=_ROWS)
        environment.deliveries[material.owner] = delivery
        require(delivery.entry is not None, "a delivery names no ledger entry")
        receipt = client.receipt(delivery.entry or 0)
    delivery.save(environment.part("platform") / f"{material.handle}.json")
    receipt.save(environment.part("platform") / "receipts")
    environment.checkpoints.append(receipt.text)
    rows = list(delivery.rows())
    require(rows, f"nothing came from {material.reference}")
    _require_obligations(material, terms, rows)
    output.gap()
    output.text(f"{material.reference}: asked for {_words(filters)}, at most {_ROWS}")
    names = [name for name in rows[0] if any(row[name] is not None for row in rows)][:_COLUMNS]
    output.records([{name: row[name] for name in names} for row in rows])
    if len(names) < len(rows[0]):
        others = [name for name in rows[0] if name not in names]
        output.remark(f"and the fields {', '.join(others)}")
    body = receipt.body
    require(body["result"]["content"] and body["type"] == "delivery.completed", "the entry is of another kind")
    output.check(
        f"the answer's signature verifies; on the ledger as entry {delivery.entry} before its first byte left; "
        f"receipt verified under checkpoint {receipt.checkpoint.size}"
    )


def _require_obligations(material: Material, terms: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
    """Require of the rows what can be seen of the owner's terms: masks, and the row filter."""
    condition = terms["row_filter"]
    for row in rows:
        for name, mask in terms["masks"].items():
            if mask["kind"] == "partial" and row.get(name):
                require("*" in row[name], f"{name} came unmasked")
        if condition and condition["op"] == "eq" and condition["field"] in row:
            require(
                row[condition["field"]] == condition["value"], f"a row of {material.reference} should not have left"
            )


def formats(environment: Environment) -> None:
    """Fetch the same rows in every format, and all rows as a stream."""
    output = environment.output
    output.step("The same rows in every format, and all of them as a stream", "多种格式与流式交付")
    material = next(material for material in environment.materials if material.owner == HUMAN_RESOURCES.handle)
    deliveries: list[tuple[str, Delivery]] = []
    with environment.system(PLATFORM.handle) as client:
        for form in MEDIA_TYPES:
            target = environment.part("platform") / f"{material.handle}-{_ROWS_IN_FORMATS}.{form}"
            delivery = client.fetch(material.reference, purpose=PURPOSE, limit=_ROWS_IN_FORMATS, format=form, to=target)
            deliveries.append((form, delivery))
        all_rows = client.fetch(
            material.reference,
            purpose=PURPOSE,
            format="arrow",
            to=environment.part("platform") / f"{material.handle}.arrow",
        )
    counts = [sum(1 for _ in delivery.rows()) for _, delivery in deliveries]
    require(len(set(counts)) == 1, "the formats do not hold the same number of rows")
    output.table(
        ("format", "rows", "bytes", "content digest", "entry"),
        [
            (form, count, f"{_size(delivery):,}", f"{delivery.content_digest[:_DIGEST]}…", delivery.entry)
            for (form, delivery), count in zip(deliveries, counts, strict=True)
        ],
    )
    rows = all_rows.arrow().num_rows
    output.text(f"Everything the agreement allows, as one Arrow stream: {rows:,} rows, {_size(all_rows):,} bytes.")
    output.check(
        f"entry {all_rows.entry} says that it started, entry {all_rows.completed_entry} that it ended, with the digest "
        f"of what was sent: {all_rows.content_digest[:_DIGEST]}…, which is that of the file"
    )


def fetch_one(environment: Environment, material: Material) -> Delivery:
    """Fetch one more row of a dataset."""
    with environment.system(PLATFORM.handle) as client:
        return client.fetch(material.reference, purpose=PURPOSE, limit=1)


def _size(delivery: Delivery) -> int:
    return len(delivery.content) if isinstance(delivery.content, bytes) else delivery.content.stat().st_size


def _words(filters: Sequence[Any]) -> str:
    if not filters:
        return "any rows"
    return " and ".join(
        f"{row_filter['field']} {row_filter['op']} {shortened(row_filter['value'])}" for row_filter in filters
    )
