"""A person enrols at a desk with a passkey, shows the platform one answer by a code, and sees that it was used."""

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

import httpx2

from admin.demo.authenticator import Authenticator
from admin.demo.environment import CountingTransport, Environment, failure, require
from admin.demo.materials import Material
from admin.demo.participants import EDUCATION, PLATFORM
from admin.demo.people import Talent
from admin.demo.steps.publishing import PURPOSE, publish_material
from data_exchange_client.errors import ExchangeProblem
from data_exchange_client.proofs import AnswerProof

_NUMBER, _DEGREE = "人才编号", "学历"
_ANSWER = "holds-masters-degree"
_OFFERED = {
    "name": _ANSWER,
    "title": "是否具有硕士及以上学位",
    "title_en": "Holds a master's degree or higher",
    "where": {"field": _DEGREE, "op": "in", "value": ["硕士研究生", "博士研究生"]},
}
_REFUSED = 400


class Page:
    """A page of the portal in a person's browser: its cookies, and requests as a page of the exchange sends them."""

    def __init__(self, environment: Environment) -> None:
        self._origin = environment.url
        self._client = httpx2.Client(transport=CountingTransport(environment.counts))
        self._cookies: dict[str, str] = {}

    def request(self, method: str, path: str, document: Any = None) -> Any:
        """Send a request: the answer's document, None where it has none. Raises CannotDo."""
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        answer = self._client.request(
            method, f"{self._origin}{path}", json=document, headers={"origin": self._origin, "cookie": cookies}
        )
        if answer.status_code >= _REFUSED:
            raise failure(f"{method} {path} was answered with {answer.status_code}: {answer.text}")
        for line in answer.headers.get_list("set-cookie"):
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return answer.json() if answer.content else None

    def close(self) -> None:
        """Close the browser."""
        self._client.close()


def show(environment: Environment, people: Sequence[Talent]) -> None:
    """Play the whole act."""
    output = environment.output
    output.step("A person shows one answer, once", "本人出示：一码一答")
    if not environment.url.startswith("http://localhost"):
        output.remark("Left out: browsers make passkeys for names only, and this machine does not know `localhost`.")
        return
    person = next(one for one in people if one.degree == "博士研究生")
    reference = _offer(environment, people)
    page = Page(environment)
    try:
        _enrol(environment, page, person, reference=reference)
        _redeem(environment, page, person)
    finally:
        page.close()


def _offer(environment: Environment, people: Sequence[Talent]) -> str:
    """Publish a dataset that offers an answer, and grant it to the platform; returns its reference."""
    path = environment.part("departments") / "degrees.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((_NUMBER, _DEGREE, "毕业院校"))
        writer.writerows((one.number, one.degree, one.university) for one in people)
    material = Material(
        owner=EDUCATION.handle,
        handle="degrees",
        title={"zh": "学历学位（合成数据）", "en": "Degrees (synthetic)"},
        about="a CSV file",
        path=path,
        is_personal=True,
        unmasked=(_NUMBER,),
    )
    dataset = publish_material(
        environment, material, purposes=(PURPOSE,), terms={"basis": "statutory-duty", "answers": [_OFFERED]}
    ).dataset
    with environment.steward(PLATFORM.handle) as platform:
        application = platform.request(
            "POST",
            "/api/v1/applications",
            json={
                "dataset": dataset["id"],
                "fields": [],
                "answers": [_ANSWER],
                "purpose": PURPOSE,
                "basis": "浙江省公共数据条例",
                "scenario": "窗口核验学历 (checking a degree at a window)",
                "scope": "本人出示的一次 (what a person shows, once)",
                "not_after": (datetime.now(UTC) + timedelta(days=365)).isoformat(timespec="seconds"),
            },
        ).json()
    with environment.steward(material.owner) as owner:
        owner.request("POST", f"/api/v1/applications/{application['id']}/approval", json={})
    environment.output.text(
        f"{material.reference} offers an answer instead of rows: {_OFFERED['title']} ({_OFFERED['title_en']})."
    )
    return material.reference


def _enrol(environment: Environment, page: Page, person: Talent, *, reference: str) -> None:
    """The department's desk checks who the person is; the person makes a passkey, and comes back with it."""
    device = Authenticator(environment.url)
    new = {"dataset": reference, "value": person.number, "level": "柜台核验身份证 (identity card seen at the desk)"}
    with environment.steward(EDUCATION.handle) as desk:
        given = desk.request("POST", "/api/v1/subjects/codes", json=new)
    options = page.request("POST", "/portal/enrolment/options")["options"]
    page.request(
        "POST",
        "/portal/enrolment",
        {
            "code": given.json()["code"],
            "value": person.number,
            "name": "演示用手机",
            "credential": device.create(options),
        },
    )
    page.request("POST", "/portal/sign-out")
    options = page.request("POST", "/portal/sign-in/passkey/options")["options"]
    page.request("POST", "/portal/sign-in/passkey", {"credential": device.get(options)})
    me = page.request("GET", "/portal/me")
    require(me["method"] == "passkey" and len(me["identities"]) == 1, "the person is not back by passkey")
    environment.output.text(
        f"Its desk makes sure who {person.number} is and hands over a code (entry {given.entry}); the person registers a "
        "passkey with it, and signs in by passkey from then on. (The telephone is played by this program.)"
    )


def _redeem(environment: Environment, page: Page, person: Talent) -> None:
    """The person makes a code; the platform redeems it, verifies the proof offline, and is refused the second time."""
    output = environment.output
    [showable] = page.request("GET", "/portal/answers")
    [window] = showable["windows"]
    chosen = {
        "dataset": showable["dataset"],
        "recipient": window["recipient"],
        "purpose": PURPOSE,
        "answers": [_ANSWER],
    }
    issued = page.request("POST", "/portal/codes", {**chosen, "form": "digits"})
    with environment.system(PLATFORM.handle) as system:
        answer = system.redeem(issued["code"], purpose=PURPOSE)
        document = answer.json()
        proof = AnswerProof.verify(document["proof"], environment.trust, now=datetime.now(UTC))
        refused = None
        try:
            system.redeem(issued["code"], purpose=PURPOSE)
        except ExchangeProblem as problem:
            environment.counts.refusals += 1
            refused = problem
    require(refused is not None and refused.type == "code-unknown", "a code was redeemed twice")
    require(proof.answers == {_ANSWER: "yes"} == document["people"][0], "the answer is not the one that was shown")
    used = _use_of(page.request("GET", "/portal/uses")["uses"])
    require(used is not None and used["entry"] == answer.entry, "the tracker does not show that the code was used")
    output.table(
        ("who", "what happened", "entry"),
        [
            (person.number, f"makes a code of 8 digits for {window['name']}", "—"),
            ("platform", f"redeems it: {_ANSWER} = {document['people'][0][_ANSWER]}, and nothing else", answer.entry),
            (
                "platform",
                f"tries it again: {refused.status} {refused.type}" if refused else "",
                refused and refused.entry,
            ),
            (person.number, f"sees who used it, for {used['purpose'] if used else ''}", used and used["entry"]),
        ],
    )
    output.check(
        f"what the platform keeps is an SD-JWT of {len(document['proof'])} characters, verified here without the exchange"
    )


def _use_of(uses: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The newest use of a code."""
    return next((use for use in uses if use["outcome"] == "code-redeemed"), None)
