"""Four organisations join, and the departments among them publish."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from admin import joining
from admin.demo.environment import Environment, require
from admin.demo.materials import Material
from admin.demo.participants import PARTICIPANTS
from data_exchange_client.publishing.documents import first_document
from data_exchange_client.publishing.showing import describe_mask

PURPOSE = "talent-service"
PURPOSES = (PURPOSE, "statistics")


@dataclass(frozen=True, slots=True)
class Published:
    """A published dataset, its source, its fields as proposed, which rows leave (in words), and its ledger entry."""

    dataset: dict[str, Any]
    source: dict[str, Any]
    fields: list[dict[str, Any]]
    rows: str
    entry: int | None


def join(environment: Environment) -> None:
    """Join four organisations."""
    environment.output.step("Four organisations join", "四家单位加入")
    environment.output.text(
        "The operator admits them. Each has its own keys, made on its own side; every later request is signed with one, "
        "and every answer is signed by the exchange for that very request."
    )
    rows = []
    for newcomer in PARTICIPANTS:
        joined = joining.join(environment.data, environment.client, newcomer)
        environment.joined[newcomer.handle] = joined
        rows.append((newcomer.handle, newcomer.name_zh, newcomer.kind, newcomer.code, joined.entry))
    environment.output.table(("participant", "name", "kind", "credit code", "admitted as entry"), rows)


def publish(environment: Environment) -> None:
    """Publish the datasets of three departments."""
    environment.output.step("Three departments publish what they have", "三个部门发布数据")
    for material in environment.materials:
        _publish(environment, material)


def _impact_assessment(material: Material) -> dict[str, Any]:
    """The assessment that personal data needs before it goes to the platform (PIPL Article 55)."""
    report = f"{material.title['zh']}：个人信息保护影响评估"
    digest = hashlib.sha256(report.encode()).hexdigest()
    return {"impact": {"reference": report, "digest": digest, "concluded_on": "2026-03-31"}}


def publish_material(
    environment: Environment, material: Material, *, purposes: Sequence[str], terms: Mapping[str, Any]
) -> Published:
    """Publish one dataset under terms, which its row filter and its masks are added to."""
    joined = environment.joined[material.owner]
    with environment.client(joined.steward) as client:
        document = {"organisation": joined.organisation["id"], "source": material.source()}
        source = client.request("POST", "/api/v1/sources", json=document).json()
        if material.path is not None:
            source = client.request(
                "PUT",
                f"/api/v1/sources/{source['id']}/content",
                params={"filename": material.path.name},
                content=material.path,
                headers={"content-type": "application/octet-stream"},
            ).json()
        fields = material.fields(client, source)
        row_filter, words = material.row_filter([field["name"] for field in fields])
        document = first_document(
            fields,
            title=material.title,
            description={
                "zh": f"{material.title['zh']}，由{joined.organisation['name_zh']}提供。",
                "en": f"{material.title['en']}, offered by {joined.organisation['name_en']}.",
            },
            purposes=purposes,
            terms={**terms, **({"row_filter": row_filter} if row_filter else {})},
            assessments=_impact_assessment(material) if any(field["personal"] for field in fields) else {},
        )
        draft = client.request(
            "POST",
            "/api/v1/datasets",
            json={"source": source["id"], "handle": material.handle, "document": document},
        ).json()
        answer = client.request("POST", f"/api/v1/datasets/{draft['id']}/publication")
    dataset: dict[str, Any] = answer.json()
    require(dataset["state"] == "published", f"{material.reference} is {dataset['state']}")
    environment.counts.datasets += 1
    return Published(dataset, source, fields, words, answer.entry)


def _publish(environment: Environment, material: Material) -> None:
    output = environment.output
    published = publish_material(environment, material, purposes=PURPOSES, terms={"basis": "statutory-duty"})
    dataset, source = published.dataset, published.source
    environment.datasets[material.owner] = dataset
    masked = [f"{field['name']}: {describe_mask(field['mask'])}" for field in published.fields if field["mask"]]
    output.gap()
    output.text(f"{environment.joined[material.owner].organisation['name_zh']} publishes {material.reference}")
    facts = {
        "title": f"{material.title['zh']} · {material.title['en']}",
        "from": f"{material.about}, {source['rows']:,} rows, {len(published.fields)} fields",
        "noticed": "; ".join(_words(note) for note in source["description"]["notes"]),
        "rows": published.rows,
        "masks": "; ".join(masked) or "none: it is about no person",
        "on the ledger": f"entry {published.entry}, document sha256:{dataset['digest'][:16]}…",
    }
    output.facts({name: value for name, value in facts.items() if value})


def _words(note: dict[str, Any]) -> str:
    return f"{note['text']}, {note['where']}" if note.get("where") else str(note["text"])
