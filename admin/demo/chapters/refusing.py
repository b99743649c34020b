"""Six requests that are refused, each for another reason; and an owner who suspends."""

from collections.abc import Callable
from dataclasses import dataclass

from rich.text import Text

from admin.demo.cast import HUMAN_RESOURCES, PLATFORM
from admin.demo.chapters.agreeing import withheld_of
from admin.demo.chapters.beginning import PURPOSE
from admin.demo.chapters.fetching import again
from admin.demo.materials import Material
from admin.demo.on_the_way import Altering, Repeating
from admin.demo.stage import Stage, demand
from data_exchange_client.api import Client
from data_exchange_client.delivery import Delivery
from data_exchange_client.errors import ExchangeProblem
from data_exchange_client.keys import SigningKey

Fetch = Callable[[], Delivery]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that has to be refused: what is tried, the problem it has to meet, and how to try it."""

    words: str
    problem: str
    fetch: Fetch


def refuse(stage: Stage) -> None:
    """Six attempts, six refusals."""
    narrator = stage.narrator
    narrator.chapter("Six requests that are refused, and why", "六种拒绝及其理由")
    material = _material(stage)
    for number, attempt in enumerate(_attempts(stage, material), 1):
        problem = _refused(attempt)
        stage.tally.refusals += 1
        remedy = problem.reasons[0]["remedy"] if problem.reasons else problem.detail
        rule = f" by rule {problem.reasons[0]['rule']}" if problem.reasons else ""
        narrator.say(f"{number}. {attempt.words}")
        narrator.facts(
            {
                "refused": Text.assemble((f"{problem.status} {problem.type}", "yellow"), f"{rule}: {problem.title}"),
                "remedy": remedy,
                "ledger": f"entry {problem.entry}; the refusal is signed, and verified like any answer",
            },
            deeper=True,
        )


def _attempts(stage: Stage, material: Material) -> list[Attempt]:
    agreement = stage.agreements[material.owner]
    masked = [
        name for name in stage.datasets[material.owner]["document"]["terms"]["masks"] if name in agreement["fields"]
    ]
    withheld = withheld_of(stage, material)
    system = stage.joined[PLATFORM.handle].system
    reference = material.reference

    def with_client(client: Client, **question: object) -> Delivery:
        with client:
            return client.fetch(reference, **{"purpose": PURPOSE, "limit": 1, **question})  # type: ignore[arg-type]

    return [
        Attempt(
            "Somebody sends a recorded request a second time.",
            "nonce-reused",
            lambda: with_client(stage.client(system, through=Repeating)),
        ),
        Attempt(
            "Somebody on the way asks for 9 rows where the system signed for 1.",
            "digest-mismatch",
            lambda: with_client(stage.client(system, through=lambda way: Altering(way, b'"limit":1', b'"limit":9'))),
        ),
        Attempt(
            "A key that nobody registered.",
            "key-unknown",
            lambda: with_client(stage.client(SigningKey.generate())),
        ),
        Attempt(
            "The platform states a purpose it was not granted: marketing.",
            "purpose-not-granted",
            lambda: with_client(stage.client(system), purpose="marketing"),
        ),
        Attempt(
            f"The platform asks for {withheld}, which the owner left out.",
            "field-not-granted",
            lambda: with_client(stage.client(system), fields=[withheld]),
        ),
        Attempt(
            f"The platform filters on {masked[0]}, which it only gets masked: a filter would unmask it.",
            "filter-not-granted",
            lambda: with_client(stage.client(system), filters=[(masked[0], "eq", "?")]),
        ),
    ]


def _refused(attempt: Attempt) -> ExchangeProblem:
    try:
        attempt.fetch()
    except ExchangeProblem as problem:
        demand(problem.type == attempt.problem, f"refused as {problem.type}, not as {attempt.problem}")
        demand(problem.is_signed, f"the refusal {problem.type} is not signed")
        demand(problem.entry is not None, f"the refusal {problem.type} is not on the ledger")
        return problem
    demand(condition=False, otherwise=f"a request was answered that had to be refused as {attempt.problem}")
    raise AssertionError


def suspend(stage: Stage) -> None:
    """The owner suspends; the next request is refused; the owner resumes."""
    narrator = stage.narrator
    narrator.chapter("The owner suspends", "提供方中止协议")
    material = _material(stage)
    address = f"/api/v1/agreements/{stage.agreements[material.owner]['id']}"
    with stage.steward(material.owner) as owner:
        reason = "核查使用情况 (checking how it is used)"
        suspended = owner.request("POST", f"{address}/suspension", json={"reason": reason})
        problem = _refused(Attempt("", "agreement-suspended", lambda: again(stage, material)))
        stage.tally.refusals += 1
        resumed = owner.request("POST", f"{address}/resumption", json={"reason": "核查完毕 (checked)"})
    delivery = again(stage, material)
    with stage.client(None) as anyone:
        # Waits for the checkpoint over all of this, which the auditor is about to fetch.
        stage.checkpoints.append(anyone.receipt(delivery.entry or 0).text)
    narrator.say(
        f"{stage.joined[material.owner].organisation['name_zh']} suspends the agreement on {material.reference}."
    )
    narrator.table(
        ("entry", "what happened"),
        [
            (suspended.entry, "agreement.suspended"),
            (
                problem.entry,
                Text.assemble("the platform's next request: ", (f"{problem.status} {problem.type}", "yellow")),
            ),
            (resumed.entry, "agreement.resumed, after a look at the ledger"),
            (delivery.entry, "the platform is answered again"),
        ],
    )


def _material(stage: Stage) -> Material:
    return next(one for one in stage.materials if one.owner == HUMAN_RESOURCES.handle)
