"""The platform finds the data and applies for it, and the owners decide."""

from datetime import UTC, datetime, timedelta
from typing import Any

from admin.demo.environment import Environment, require
from admin.demo.materials import Material
from admin.demo.participants import CIVIL_AFFAIRS, HUMAN_RESOURCES, PLATFORM
from admin.demo.steps.publishing import PURPOSE

_DAYS = 365
_DAYS_GRANTED = 90
_ROWS_GRANTED = 1_000


def find(environment: Environment) -> None:
    """List the public catalogue."""
    output = environment.output
    output.step("A service platform finds the data and applies", "服务平台查找并申请")
    with environment.client(None) as anyone:
        catalogue = anyone.catalogue()
    listed = [node for node in catalogue["@graph"] if node["@type"] == "dcat:Dataset"]
    output.text(
        "Anyone can read the catalogue (DCAT-AP 3, JSON-LD, GET /catalog); it says what there is, never what is in it."
    )
    output.table(
        ("dataset", "title"),
        [(node["dct:identifier"], " · ".join(title["@value"] for title in node["dct:title"])) for node in listed],
    )
    require(len(listed) == len(environment.materials), "the catalogue does not list every dataset")


def agree(environment: Environment) -> None:
    """Apply to each owner: one asks for a supplement, one grants fewer fields, one for a shorter time."""
    output = environment.output
    rows = []
    for material in environment.materials:
        application = _apply(environment, material)
        prefix = ""
        if material.owner == HUMAN_RESOURCES.handle:
            prefix = "asked for a supplement first; "
            _supplement(environment, application)
        agreement, words, entry = _grant(environment, material, application)
        environment.agreements[material.owner] = agreement
        rows.append((material.reference, f"{prefix}{words}", agreement["lane"], entry))
    output.gap()
    output.text(
        f"{environment.joined[PLATFORM.handle].organisation['name_zh']} applies for each, for the purpose {PURPOSE}, and states "
        "basis, scenario, scope and time. The owners decide; a supplement can be asked for once only."
    )
    output.table(("dataset", "the owner", "lane", "agreed as entry"), rows)


def _apply(environment: Environment, material: Material) -> dict[str, Any]:
    dataset = environment.datasets[material.owner]
    with environment.steward(PLATFORM.handle) as client:
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


def _supplement(environment: Environment, application: dict[str, Any]) -> None:
    address = f"/api/v1/applications/{application['id']}"
    with environment.steward(HUMAN_RESOURCES.handle) as owner:
        owner.request(
            "POST", f"{address}/supplement-request", json={"missing": "请说明数据保存期限 (how long is it kept?)"}
        )
    with environment.steward(PLATFORM.handle) as platform:
        text = "办结后三十日内删除 (deleted within thirty days of the decision)"
        platform.request("POST", f"{address}/supplement", json={"supplement": text})


def _grant(
    environment: Environment, material: Material, application: dict[str, Any]
) -> tuple[dict[str, Any], str, int | None]:
    approval: dict[str, Any] = {}
    words = "granted as asked"
    if material.owner == HUMAN_RESOURCES.handle:
        withheld = withheld_of(environment, material)
        approval["fields"] = [name for name in application["fields"] if name != withheld]
        words = f"granted without {withheld}"
    elif material.owner == CIVIL_AFFAIRS.handle:
        approval = {"not_after": _in(_DAYS_GRANTED), "row_cap": _ROWS_GRANTED}
        words = f"granted for {_DAYS_GRANTED} days, {_ROWS_GRANTED:,} rows at a time"
    with environment.steward(material.owner) as owner:
        answer = owner.request("POST", f"/api/v1/applications/{application['id']}/approval", json=approval)
    agreement = dict(answer.json()["agreement"])
    require(agreement["state"] == "active", f"the agreement on {material.reference} is {agreement['state']}")
    return agreement, words, answer.entry


def withheld_of(environment: Environment, material: Material) -> str:
    """The field that the owner does not grant: one that the material names, or the last."""
    fields: list[str] = environment.datasets[material.owner]["document"]["terms"]["fields"]
    return next((name for name in material.withheld if name in fields), fields[-1])


def _in(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")
