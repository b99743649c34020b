"""Organisations join, and the departments among them publish."""

import hashlib
from typing import Any

from admin import joining, proposing
from admin.demo.cast import CAST
from admin.demo.materials import Material
from admin.demo.stage import Stage, demand

PURPOSE = "talent-service"
PURPOSES = (PURPOSE, "statistics")


def join(stage: Stage) -> None:
    """Four organisations join."""
    stage.narrator.chapter("Four organisations join", "四家单位加入")
    stage.narrator.say(
        "The operator admits them. Each has its own keys, made on its own side; every later request is signed with one, "
        "and every answer is signed by the exchange for that very request."
    )
    rows = []
    for newcomer in CAST:
        joined = joining.join(stage.data, stage.client, newcomer)
        stage.joined[newcomer.handle] = joined
        rows.append((newcomer.handle, newcomer.name_zh, newcomer.kind, newcomer.code, joined.entry))
    stage.narrator.table(("participant", "name", "kind", "credit code", "admitted as entry"), rows)


def publish(stage: Stage) -> None:
    """Three departments publish what they have."""
    stage.narrator.chapter("Three departments publish what they have", "三个部门发布数据")
    for material in stage.materials:
        _publish(stage, material)


def _assessed(material: Material) -> dict[str, Any]:
    """The impact assessment without which personal data does not go to the platform, as the owner has it on file."""
    report = f"{material.title['zh']}：个人信息保护影响评估"
    digest = hashlib.sha256(report.encode()).hexdigest()
    return {"impact": {"reference": report, "digest": digest, "concluded_on": "2026-03-31"}}


def _publish(stage: Stage, material: Material) -> None:
    narrator = stage.narrator
    joined = stage.joined[material.owner]
    with stage.client(joined.steward) as client:
        new = {"organisation": joined.organisation["id"], "source": material.source()}
        source = client.request("POST", "/api/v1/sources", json=new).json()
        if material.place is not None:
            source = client.request(
                "PUT",
                f"/api/v1/sources/{source['id']}/content",
                params={"filename": material.place.name},
                content=material.place,
                headers={"content-type": "application/octet-stream"},
            ).json()
        fields = material.fields(source["description"])
        row_filter, words = material.row_filter([one.name for one in fields])
        document = proposing.document(
            fields,
            title=material.title,
            description={
                "zh": f"{material.title['zh']}，由{joined.organisation['name_zh']}提供。",
                "en": f"{material.title['en']}, offered by {joined.organisation['name_en']}.",
            },
            purposes=PURPOSES,
            row_filter=row_filter,
            assessments=_assessed(material) if any(one.is_personal for one in fields) else {},
        )
        drafted = client.request(
            "POST",
            "/api/v1/datasets",
            json={"source": source["id"], "handle": material.handle, "document": document},
        ).json()
        answer = client.request("POST", f"/api/v1/datasets/{drafted['id']}/publication")
    dataset: dict[str, Any] = answer.json()
    demand(dataset["state"] == "published", f"{material.reference} is {dataset['state']}")
    stage.datasets[material.owner] = dataset
    masked = [f"{one.name}: {proposing.words_for(one.mask)}" for one in fields if one.mask]
    narrator.gap()
    narrator.say(f"{joined.organisation['name_zh']} publishes {material.reference}")
    facts = {
        "title": f"{material.title['zh']} · {material.title['en']}",
        "from": f"{material.about}, {source['rows']:,} rows, {len(fields)} fields",
        "noticed": "; ".join(_words(note) for note in source["description"]["notes"]),
        "rows": words,
        "masks": "; ".join(masked) or "none: it is about no person",
        "on the ledger": f"entry {answer.entry}, document sha256:{dataset['digest'][:16]}…",
    }
    narrator.facts({name: value for name, value in facts.items() if value})


def _words(note: dict[str, Any]) -> str:
    return f"{note['text']}, {note['where']}" if note.get("where") else str(note["text"])
