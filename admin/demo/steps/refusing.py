"""Six requests are refused, each for another reason; then an owner suspends an agreement."""

from collections.abc import Callable
from dataclasses import dataclass

from rich.text import Text

from admin.demo.environment import Environment, failure, require
from admin.demo.materials import Material
from admin.demo.participants import HUMAN_RESOURCES, PLATFORM
from admin.demo.steps.agreeing import withheld_of
from admin.demo.steps.fetching import fetch_one
from admin.demo.steps.publishing import PURPOSE
from admin.demo.transports import Altering, Repeating
from data_exchange_client.api import Client
from data_exchange_client.delivery import Delivery
from data_exchange_client.errors import ExchangeProblem
from data_exchange_client.keys import SigningKey

Fetch = Callable[[], Delivery]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that has to be refused: in words, the problem type of the refusal, and a function that sends it."""

    words: str
    problem: str
    fetch: Fetch


def refuse(environment: Environment) -> None:
    """Make six attempts, and print their refusals."""
    output = environment.output
    output.step("Six requests that are refused, and why", "六种拒绝及其理由")
    material = _material(environment)
    for number, attempt in enumerate(_attempts(environment, material), 1):
        problem = _refusal_of(attempt)
        environment.counts.refusals += 1
        remedy = problem.reasons[0]["remedy"] if problem.reasons else problem.detail
        rule = f" by rule {problem.reasons[0]['rule']}" if problem.reasons else ""
        output.text(f"{number}. {attempt.words}")
        output.facts(
            {
                "refused": Text.assemble((f"{problem.status} {problem.type}", "yellow"), f"{rule}: {problem.title}"),
                "remedy": remedy,
                "ledger": f"entry {problem.entry}; the refusal is signed, and verified like any answer",
            },
            deeper=True,
        )


def _attempts(environment: Environment, material: Material) -> list[Attempt]:
    agreement = environment.agreements[material.owner]
    masked = [
        name
        for name in environment.datasets[material.owner]["document"]["terms"]["masks"]
        if name in agreement["fields"]
    ]
    withheld = withheld_of(environment, material)
    system = environment.joined[PLATFORM.handle].system
    reference = material.reference

    def with_client(client: Client, **question: object) -> Delivery:
        with client:
            return client.fetch(reference, **{"purpose": PURPOSE, "limit": 1, **question})  # type: ignore[arg-type]

    return [
        Attempt(
            "Somebody sends a recorded request a second time.",
            "nonce-reused",
            lambda: with_client(environment.client(system, through=Repeating)),
        ),
        Attempt(
            "Somebody on the way asks for 9 rows where the system signed for 1.",
            "digest-mismatch",
            lambda: with_client(
                environment.client(system, through=lambda transport: Altering(transport, b'"limit":1', b'"limit":9'))
            ),
        ),
        Attempt(
            "A key that nobody registered.",
            "key-unknown",
            lambda: with_client(environment.client(SigningKey.generate())),
        ),
        Attempt(
            "The platform states a purpose it was not granted: marketing.",
            "purpose-not-granted",
            lambda: with_client(environment.client(system), purpose="marketing"),
        ),
        Attempt(
            f"The platform asks for {withheld}, which the owner left out.",
            "field-not-granted",
            lambda: with_client(environment.client(system), fields=[withheld]),
        ),
        Attempt(
            f"The platform filters on {masked[0]}, which it only gets masked: a filter would unmask it.",
            "filter-not-granted",
            lambda: with_client(environment.client(system), filters=[(masked[0], "eq", "?")]),
        ),
    ]


def _refusal_of(attempt: Attempt) -> ExchangeProblem:
    """Make an attempt, and return the signed refusal it gets. Raises CannotDo where it gets none."""
    try:
        attempt.fetch()
    except ExchangeProblem as problem:
        require(problem.type == attempt.problem, f"refused as {problem.type}, not as {attempt.problem}")
        require(problem.is_signed, f"the refusal {problem.type} is not signed")
        require(problem.entry is not None, f"the refusal {problem.type} is not on the ledger")
        return problem
    raise failure(f"a request was answered that had to be refused as {attempt.problem}")


def suspend(environment: Environment) -> None:
    """Suspend an agreement, have a request refused, and resume it."""
    output = environment.output
    output.step("The owner suspends", "提供方中止协议")
    material = _material(environment)
    address = f"/api/v1/agreements/{environment.agreements[material.owner]['id']}"
    with environment.steward(material.owner) as owner:
        reason = "核查使用情况 (checking how it is used)"
        suspended = owner.request("POST", f"{address}/suspension", json={"reason": reason})
        problem = _refusal_of(Attempt("", "agreement-suspended", lambda: fetch_one(environment, material)))
        environment.counts.refusals += 1
        resumed = owner.request("POST", f"{address}/resumption", json={"reason": "核查完毕 (checked)"})
    delivery = fetch_one(environment, material)
    with environment.client(None) as anyone:
        # Waits for the checkpoint over all of this, which the auditor fetches next.
        environment.checkpoints.append(anyone.receipt(delivery.entry or 0).text)
    output.text(
        f"{environment.joined[material.owner].organisation['name_zh']} suspends the agreement on {material.reference}."
    )
    output.table(
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


def _material(environment: Environment) -> Material:
    return next(material for material in environment.materials if material.owner == HUMAN_RESOURCES.handle)
