"""Certificates: what they prove offline, when they are revoked or suspended, and what is refused."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from typer.testing import CliRunner

from exchange.publication.publisher import Publisher
from groundwork import base64url
from ledger.cli import app
from ledger.format import note
from ledger.verification import certificates
from ledger.verification.certificates import CertificateUnproven, Revoked
from signatures import Ed25519, jws, public_of
from tests.support.services import credentials
from tests.support.sharing.registering import PROOF, RECORDS, WHY, RegisteringExchange

SEIZED = {"statement": "（2093）浙01执12号", "evidence": [PROOF]}


async def certify(exchange: RegisteringExchange, record: dict[str, Any]) -> str:
    """The certificate of a record, once a checkpoint covers its entries."""
    return (await fetch(exchange, f"/rights/{record['code']}/certificate")).decode()


async def fetch(exchange: RegisteringExchange, path: str) -> bytes:
    """The content of a public address, once a checkpoint covers what it proves."""
    answer = await exchange.client.get(path, headers={"Prefer": "wait=30"})
    assert answer.status_code == 200, answer.text
    return answer.content


def verifier_of(exchange: RegisteringExchange) -> note.Verifier:
    return note.Verifier.parse(exchange.runtime[Publisher].vkey)


def verify(exchange: RegisteringExchange, text: str) -> certificates.Certified:
    return certificates.verify(text, verifier=verifier_of(exchange), now=exchange.now)


async def lists_of(exchange: RegisteringExchange, text: str) -> list[str]:
    """The lists that a certificate names, as they are now."""
    statuses = verify(exchange, text).statuses
    return [(await fetch(exchange, status.address.removeprefix(exchange.url))).decode() for status in statuses]


async def check(exchange: RegisteringExchange, text: str) -> None:
    """Check the revocation of a certificate with the lists of now."""
    lists = await lists_of(exchange, text)
    certified = verify(exchange, text)
    certificates.check_status(certified, lists, verifier=verifier_of(exchange), now=exchange.now)


async def carry_out(exchange: RegisteringExchange, record: dict[str, Any], kind: str, document: Any) -> None:
    application = await exchange.act_ok("owner", f"{RECORDS}/{record['id']}/{kind}", document)
    await exchange.review(await exchange.go_on(application))


async def test_it_proves_what_the_ledger_states(registering: RegisteringExchange) -> None:
    record = await registering.register()
    text = await certify(registering, record)
    certified = verify(registering, text)
    assert certified.subject["record"]["code"] == record["code"]
    assert {held["right"] for held in certified.subject["record"]["rights"]} == {"HOLD", "USE", "OPERATE"}
    assert "不是数据产权登记凭证" in jws.parse(text, media_type="vc+jwt").payload["description"]
    await check(registering, text)
    again = jws.parse(await certify(registering, record), media_type="vc+jwt").payload
    assert again["credentialStatus"] == jws.parse(text, media_type="vc+jwt").payload["credentialStatus"]
    shown = await registering.client.get(
        f"/rights/{record['code']}/certificate", headers={"Accept": "application/json"}
    )
    assert shown.json()["credentialSubject"] == certified.subject
    refused = await registering.client.get(f"/rights/{record['code']}/certificate", headers={"Accept": "text/html"})
    assert refused.status_code == 406


async def test_the_command_needs_nothing_of_the_exchange(registering: RegisteringExchange, tmp_path: Path) -> None:
    text = await certify(registering, await registering.register())
    files = {"certificate": text} | {f"list-{n}": each for n, each in enumerate(await lists_of(registering, text))}
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    vkey = registering.runtime[Publisher].vkey
    known = ["verify-certificate", str(tmp_path / "certificate"), "--vkey", vkey, "--at", registering.now.isoformat()]
    lists = ["--status", str(tmp_path / "list-0"), "--status", str(tmp_path / "list-1")]
    done = CliRunner().invoke(app, [*known, *lists])
    assert done.exit_code == 0, done.output
    assert "neither revoked nor suspended" in done.output
    assert "no 数据产权登记凭证" in done.output
    assert "NOT CHECKED" in CliRunner().invoke(app, [*known, "--without-status"]).output
    refused = CliRunner().invoke(app, [*known, *lists[:2]])
    assert refused.exit_code == 1
    (tmp_path / "certificate").write_text(text[:-9] + "AAAAAAAAA", encoding="utf-8")
    assert CliRunner().invoke(app, [*known, *lists]).exit_code == 1


async def test_programs_of_others_verify_it_and_see_its_revocation(registering: RegisteringExchange) -> None:
    record = await registering.register()
    text = await certify(registering, record)
    keys = json.loads(await fetch(registering, "/rights/issuer/jwks.json"))
    document = json.loads(await fetch(registering, "/rights/issuer"))
    [method] = document["verificationMethod"]
    assert jwt.get_unverified_header(text)["kid"] == method["id"]
    key = jwt.PyJWK(method["publicKeyJwk"])
    options: Any = {"verify_aud": False}
    payload = jwt.decode(text, key, algorithms=["EdDSA"], options=options)
    assert payload["credentialSubject"]["record"]["code"] == record["code"]
    fine = credentials.verify(text, await lists_of(registering, text), keys)
    assert fine.bits == {"revocation": False, "suspension": False}
    await registering.act_ok("registrar", f"{RECORDS}/{record['id']}/restriction", SEIZED)
    assert credentials.verify(text, await lists_of(registering, text), keys).bits["suspension"] is True
    await registering.act_ok("registrar", f"{RECORDS}/{record['id']}/cancellation-order", SEIZED)
    assert credentials.verify(text, await lists_of(registering, text), keys).bits["revocation"] is True
    head, body, signature = text.split(".")
    stolen = body.replace(body[40:44], "AAAA", 1)
    with pytest.raises(credentials.Refused):
        credentials.verify(f"{head}.{stolen}.{signature}", [], keys)
    with pytest.raises(jwt.InvalidTokenError):
        jwt.decode(f"{head}.{stolen}.{signature}", key, algorithms=["EdDSA"], options=options)


async def test_it_is_refused_once_its_record_is_another(registering: RegisteringExchange) -> None:
    transfer = {"transferee": registering.codes["other"], "contract": PROOF, **WHY}
    cases: dict[str, tuple[str, dict[str, Any], bool]] = {
        "cancelled": ("cancellations", {"reason": "request", **WHY}, False),
        "transferred": ("transfers", {**transfer, "rights": ["HOLD", "USE", "OPERATE"]}, False),
        "transferred in part": ("transfers", {**transfer, "rights": ["OPERATE"]}, True),
        "changed": ("changes", {"summary": "按周汇总", **WHY}, True),
    }
    for name, (kind, document, is_certified) in cases.items():
        record = await registering.register()
        text = await certify(registering, record)
        await check(registering, text)
        await carry_out(registering, record, kind, document)
        with pytest.raises(Revoked):
            await check(registering, text)
        if is_certified:
            present = await certify(registering, record)
            await check(registering, present)
            assert verify(registering, present).index > verify(registering, text).index, name
        else:
            answer = await registering.client.get(f"/rights/{record['code']}/certificate")
            assert answer.json()["type"].endswith("not-certified"), name


async def test_it_is_suspended_while_restricted_and_over_after_its_last_day(registering: RegisteringExchange) -> None:
    until = (registering.now + timedelta(days=30)).date().isoformat()
    record = await registering.register(valid_until=until)
    text = await certify(registering, record)
    lists = await lists_of(registering, text)
    await registering.act_ok("registrar", f"{RECORDS}/{record['id']}/restriction", SEIZED)
    with pytest.raises(Revoked, match="suspended"):
        await check(registering, text)
    await registering.act_ok("registrar", f"{RECORDS}/{record['id']}/release", SEIZED)
    await check(registering, text)
    registering.clock.move(timedelta(days=2))
    certified = verify(registering, text)
    with pytest.raises(CertificateUnproven, match="get a new one"):
        certificates.check_status(certified, lists, verifier=verifier_of(registering), now=registering.now)
    await registering.pass_days(40)
    with pytest.raises(CertificateUnproven, match="valid from"):
        verify(registering, text)
    number = certified.statuses[0].address.removeprefix(registering.url)
    bits = jws.parse((await fetch(registering, number)).decode(), media_type="vc+jwt").payload["credentialSubject"]
    place = certified.statuses[0].index
    assert certificates.unpack(bits["encodedList"])[place // 8] >> (7 - place % 8) & 1


async def test_an_altered_or_forged_certificate_is_refused(registering: RegisteringExchange) -> None:
    record = await registering.register()
    text = await certify(registering, record)
    payload = dict(jws.parse(text, media_type="vc+jwt").payload)
    issuer = Ed25519(public_of(bytes(32)), bytes(32))

    def resigned(document: dict[str, Any]) -> str:
        return jws.sign(issuer.sign, kid="k", media_type="vc+jwt", content_type="vc", payload=document)

    with pytest.raises(CertificateUnproven, match="another key signed it"):
        verify(registering, resigned(payload))
    announcement = next(each for each in payload["evidence"] if "certificate_key.announced" in each["entry"])
    own = json.loads(announcement["entry"])
    own["body"]["public_key"] = base64url.encode(issuer.public)
    swapped = [{**announcement, "entry": json.dumps(own)}, *(e for e in payload["evidence"] if e is not announcement)]
    with pytest.raises(CertificateUnproven):
        verify(registering, resigned({**payload, "evidence": swapped}))
    head, _, signature = text.split(".")
    more = {**payload, "validUntil": "2199-01-01T00:00:00Z"}
    with pytest.raises(CertificateUnproven, match="altered"):
        verify(registering, f"{head}.{base64url.encode(json.dumps(more).encode())}.{signature}")
    other = note.Signer(registering.runtime.origin, bytes(32)).verifier
    with pytest.raises(CertificateUnproven):
        certificates.verify(text, verifier=other, now=registering.now)


async def test_a_list_of_another_purpose_or_none_is_no_proof(registering: RegisteringExchange) -> None:
    text = await certify(registering, await registering.register())
    certified = verify(registering, text)
    lists = await lists_of(registering, text)
    with pytest.raises(CertificateUnproven, match="is needed"):
        certificates.check_status(certified, lists[:1], verifier=verifier_of(registering), now=registering.now)
    head, body, _ = lists[0].split(".")
    with pytest.raises(CertificateUnproven):
        certificates.check_status(
            certified, [f"{head}.{body}.{'A' * 86}", lists[1]], verifier=verifier_of(registering), now=registering.now
        )
    unknown = await registering.client.get("/rights/status/77/revocation")
    assert unknown.status_code == 404
