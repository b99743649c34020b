"""The platform finds the data, applies for it, and the owners decide."""

from datetime import UTC, datetime, timedelta
from typing import Any

from admin.demo.cast import CIVIL_AFFAIRS, HUMAN_RESOURCES, PLATFORM
from admin.demo.chapters.beginning import PURPOSE
from admin.demo.materials import Material
from admin.demo.stage import Stage, demand

_DAYS = 365
_DAYS_GRANTED = 90
_ROWS_GRANTED = 1_000


def find(stage: Stage) -> None:
    """The platform looks into the public catalogue, and applies."""
    narrator = stage.narrator
    narrator.chapter("A service platform finds the data and applies", "服务平台查找并申请")
    with stage.client(None) as anyone:
        catalogue = anyone.catalogue()
    listed = [node for node in catalogue["@graph"] if node["@type"] == "dcat:Dataset"]
    narrator.say(
        "Anyone can read the catalogue (DCAT-AP 3, JSON-LD, GET /catalog); it says what there is, never what is in it."
    )
    narrator.table(
        ("dataset", "title"),
        [(node["dct:identifier"], " · ".join(title["@value"] for title in node["dct:title"])) for node in listed],
    )
    demand(len(listed) == len(stage.materials), "the catalogue does not list every dataset")


def agree(stage: Stage) -> None:
    """The platform applies to each owner; one asks back, one grants less than was asked for."""
    narrator = stage.narrator
    rows = []
    for material in stage.materials:
        application = _apply(stage, material)
        said = ""
        if material.owner == HUMAN_RESOURCES.handle:
            said = "asked for a supplement first; "
            _supplement(stage, application)
        agreement, words, entry = _grant(stage, material, application)
        stage.agreements[material.owner] = agreement
        rows.append((material.reference, f"{said}{words}", agreement["lane"], entry))
    narrator.gap()
    narrator.say(
        f"{stage.joined[PLATFORM.handle].organisation['name_zh']} applies for each, for the purpose {PURPOSE}, and states "
        "basis, scenario, scope and time. The owners decide; a supplement can be asked for once only."
    )
    narrator.table(("dataset", "the owner", "lane", "agreed as entry"), rows)


def _apply(stage: Stage, material: Material) -> dict[str, Any]:
    dataset = stage.datasets[material.owner]
    with stage.steward(PLATFORM.handle) as client:
        return dict(
            client.request(
                "POST",
                "/api/v1/applications",
                json={
                    "dataset": material.reference,
                    "fields": dataset["document"]["terms"]["fields"],
                    "purpose": PURPOSE,
                    "basis": "《浙江省公共数据条例》",
                    "scenario": "人才服务平台核验申请人条件 (checking an applicant's standing)",
                    "scope": "仅限本人申请的事项 (what applicants asked for, nothing else)",
                    "not_after": _in(_DAYS),
                },
            ).json()
        )


def _supplement(stage: Stage, application: dict[str, Any]) -> None:
    address = f"/api/v1/applications/{application['id']}"
    with stage.steward(HUMAN_RESOURCES.handle) as owner:
        owner.request(
            "POST", f"{address}/supplement-request", json={"missing": "请说明数据保存期限 (how long is it kept?)"}
        )
    with stage.steward(PLATFORM.handle) as platform:
        text = "办结后三十日内删除 (deleted within thirty days of the decision)"
        platform.request("POST", f"{address}/supplement", json={"supplement": text})


def _grant(stage: Stage, material: Material, application: dict[str, Any]) -> tuple[dict[str, Any], str, int | None]:
    approval: dict[str, Any] = {}
    words = "granted as asked"
    if material.owner == HUMAN_RESOURCES.handle:
        withheld = withheld_of(stage, material)
        approval["fields"] = [name for name in application["fields"] if name != withheld]
        words = f"granted without {withheld}"
    elif material.owner == CIVIL_AFFAIRS.handle:
        approval = {"not_after": _in(_DAYS_GRANTED), "row_cap": _ROWS_GRANTED}
        words = f"granted for {_DAYS_GRANTED} days, {_ROWS_GRANTED:,} rows at a time"
    with stage.steward(material.owner) as owner:
        answer = owner.request("POST", f"/api/v1/applications/{application['id']}/approval", json=approval)
    agreement = dict(answer.json()["agreement"])
    demand(agreement["state"] == "active", f"the agreement on {material.reference} is {agreement['state']}")
    return agreement, words, answer.entry


def withheld_of(stage: Stage, material: Material) -> str:
    """The field that the owner does not grant: one the material names, or the last."""
    fields: list[str] = stage.datasets[material.owner]["document"]["terms"]["fields"]
    return next((name for name in material.withheld if name in fields), fields[-1])


def _in(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")
