"""Rights over a derived index are registered and certified, and those over duty data are refused (权益登记)."""

import csv
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from admin.demo.environment import Environment, failure, require
from admin.demo.materials import Material
from admin.demo.participants import CIVIL_AFFAIRS, HUMAN_RESOURCES, PLATFORM
from admin.demo.steps.publishing import PURPOSE, publish_material
from data_exchange_client.errors import ExchangeProblem
from data_exchange_client.fingerprints import comparing, fingerprint
from data_exchange_client.keys import SigningKey
from ledger.verification import certificates
from ledger.verification.certificates import CertificateUnproven

_APPLICATIONS: Final = "/api/v1/rights/applications"
_REGIONS: Final = ("杭州", "宁波", "温州", "嘉兴", "湖州", "绍兴", "金华", "衢州", "舟山", "台州", "丽水")
_WAIT: Final = {"Prefer": "wait=10"}


def register(environment: Environment) -> None:
    """Play the whole act."""
    output = environment.output
    output.step("Rights over data are registered and certified", "权益登记与证明")
    path = _write_index(environment.part("departments") / "talent-index.csv")
    material = Material(
        owner=PLATFORM.handle,
        handle="talent-index",
        title={"zh": "人才指数（合成数据）", "en": "Talent index (synthetic)"},
        about="a CSV file",
        path=path,
        is_personal=False,
    )
    dataset = publish_material(environment, material, purposes=(PURPOSE,), terms={"basis": "contract"}).dataset
    head = fingerprint.make(path, path.with_suffix(".fingerprint"))
    form = _form(environment, fingerprint={"digest": head.digest, "rows": head.rows})
    _refuse_duty_data(environment, form)
    code = _register(environment, dataset["id"], form)
    _certify(environment, code)
    _compare(environment, path)


def _write_index(path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("地区", "月份", "指数"))
        for place, region in enumerate(_REGIONS):
            writer.writerows((region, f"2025-{month:02}", 100 + 7 * place + month) for month in range(1, 13))
    return path


def _form(environment: Environment, **more: Any) -> dict[str, Any]:
    holder = environment.joined[PLATFORM.handle].organisation
    proofs = {
        name: {"title": title, "digest": hashlib.sha256(title.encode()).hexdigest()}
        for name, title in {
            "identity": "事业单位法人证书",
            "acquisition": "数据使用协议",
            "sample": "数据样例",
            "description": "指数编制说明",
            "lawfulness": "合法性说明",
        }.items()
    }
    none = dict.fromkeys(("recipients", "qualification", "environment", "region"), "无")
    return {
        "data_class": "enterprise",
        "situation": "derived",
        "source_type": "derived",
        "name": {"time": "2025年", "region": "浙江", "industry": "人力资源", "content": "人才指数", "kind": "数据集"},
        "summary": "按月编制的各市人才指数",
        "industry": "L72",
        "applicant_type": "legal_person",
        "business": "人才服务",
        "scope": "province",
        "since": "2025-01-01",
        "to": "2025-12-31",
        "frequency": "month",
        "rows": len(_REGIONS) * 12,
        "medium": "table",
        "structure": "structured",
        "restrictions": {**none, "resale": False, "export": False},
        "holders": [
            {
                "name": holder["name_zh"],
                "code": holder["code"],
                "rights": [{"right": "HOLD"}, {"right": "USE"}, {"right": "OPERATE", "limits": "境内"}],
                "proof": proofs["acquisition"],
            }
        ],
        "attachments": proofs,
        "evidence": {"use_of_original": proofs["acquisition"]},
        **more,
    }


def _refuse_duty_data(environment: Environment, form: dict[str, Any]) -> None:
    """A department tries to register what it collects in its duties."""
    dataset = environment.datasets[HUMAN_RESOURCES.handle]
    with environment.steward(HUMAN_RESOURCES.handle) as steward:
        try:
            steward.request("POST", _APPLICATIONS, json={"dataset": dataset["id"], "form": form})
        except ExchangeProblem as problem:
            environment.counts.refusals += 1
            environment.output.text(
                f"A department applies for rights over its duty data, and is refused: data-not-registrable ({problem.status}; "
                "Article 15 of the guidelines)."
            )
            require("data-not-registrable" in problem.type, f"duty data was refused with {problem.type}")
            return
    raise failure("duty data was registered")


def _register(environment: Environment, dataset: str, form: dict[str, Any]) -> str:
    """The platform applies, and a registrar of another organisation reviews; returns the registration code."""
    joined = environment.joined[CIVIL_AFFAIRS.handle]
    with environment.client(joined.steward) as client:
        registrar = client.request("GET", "/api/v1/me").json()["principal"]["id"]
    with environment.client(SigningKey.load(environment.data.key_file("security"))) as security:
        security.request(
            "POST", f"/api/v1/principals/{registrar}/roles", json={"role": "registrar", "domain": "exchange"}
        )
    contact = {"name": "联系人", "phone": "0571-00000000", "address": "杭州"}
    with environment.steward(PLATFORM.handle) as applicant:
        faults = applicant.request(
            "POST", "/api/v1/rights/checks", json={"dataset": dataset, "form": {**form, "evidence": {}}}
        ).json()["faults"]
        require(faults, "derived data was registrable without evidence")
        application = applicant.request(
            "POST", _APPLICATIONS, json={"dataset": dataset, "form": form, "contact": contact}
        ).json()
        target = f"{_APPLICATIONS}/{application['id']}"
        applicant.request("POST", f"{target}/filing")
    with environment.client(joined.steward) as client:
        client.request("POST", f"{target}/acceptance")
        client.request("POST", f"{target}/publicity-waiver", json={"statement": "演示：申请人请求不公示"})
        answer = client.request("POST", f"{target}/deposit")
    [code] = answer.json()["records"]
    environment.output.text(
        f"The platform registers rights over an index that it derived: HOLD, USE and OPERATE, record {code}, entry "
        f"{answer.entry}. The check had asked for: {faults[0]['error']}."
    )
    return str(code)


def _certify(environment: Environment, code: str) -> None:
    """Get the certificate, verify it with the ledger's key alone, and see an altered one refused."""
    with environment.client(None) as client:
        text = client.connection.public(f"/rights/{code}/certificate", headers=_WAIT).decode()
        now, keys = datetime.now(UTC), environment.trust.history()
        certified = certificates.verify(text, verifier=keys, now=now)
        paths = [status.address.removeprefix(environment.url) for status in certified.statuses]
        lists = [client.connection.public(path, headers=_WAIT).decode() for path in paths]
    certificates.check_status(certified, lists, verifier=keys, now=now)
    head, body, signature = text.split(".")
    try:
        certificates.verify(f"{head}.{body[:-8]}AAAAAAAA.{signature}", verifier=keys, now=now)
    except CertificateUnproven:
        path = environment.part("platform") / f"{code}.vc.jwt"
        path.write_text(text, encoding="utf-8")
        environment.output.text(
            f"Its certificate (W3C VC 2.0, {len(text)} bytes) verifies with the ledger's key alone, by entry "
            f"{certified.index}; it is not revoked. An altered one is refused. It is no 数据产权登记凭证."
        )
        return
    raise failure("an altered certificate was accepted")


def _compare(environment: Environment, path: Path) -> None:
    """Recognise a copy that was turned around and altered."""
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    altered = [row if number % 3 else f"{row}0" for number, row in enumerate(reversed(rows))]
    copy = environment.part("departments") / "disputed-copy.csv"
    copy.write_text("\n".join((header, *altered)) + "\n", encoding="utf-8")
    result = comparing.compare(path.with_suffix(".fingerprint"), copy)
    require(0 < result.common < result.copied, "the copy was not recognised")
    environment.output.text(
        f"Of a disputed copy in another order, {result.common} of {result.copied} rows are the deposited ones; "
        "the others were altered."
    )
