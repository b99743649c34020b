"""Asking: one request for answers, from the decision to the signed answer, by the stages of a delivery.

The source is asked whether the person has a row that satisfies the condition. Where some answer is not yes, it is asked
whether the person has a row at all. A person without consent is asked about by the same number of questions that no row
satisfies, so that the time of an answer does not tell that person from one whom nobody knows.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

from fastapi import Response

import signatures
from adapters.contract import SourceError
from adapters.plan.condition import Any_, Comparison, Condition, PlanError, all_of, condition_from_json
from adapters.plan.masks import Constant
from adapters.plan.plan import Column, Plan, check_condition, typed_value
from exchange.answers import proofs, queries
from exchange.answers.errors import AnswersExceeded
from exchange.answers.schemas import AnswerRequest, AnswersOut, Verdict
from exchange.answers.settings import AnswerSettings
from exchange.consents.standings import Standings
from exchange.consents.view import Standing
from exchange.delivery.answering import Act, Attempt, dataset_of, document_of
from exchange.delivery.deciding import Counted, count_request, decide
from exchange.delivery.errors import denial
from exchange.delivery.facts import DatasetFacts
from exchange.delivery.naming import name_people
from exchange.delivery.people.answered import spans
from exchange.delivery.planning import digest
from exchange.delivery.schemas import DeliveryRequest, Filter
from exchange.delivery.stages import Admitted, Decided, Known, Planned
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import RequestInvalid
from exchange.kernel.runtime import Runtime
from exchange.participants.door.answers import signature_headers
from exchange.sources.service import problem_of
from exchange.subjects.identity import Identity, SubjectKey, as_sent, identity
from ledger import entries
from ledger.log import store
from policies.decision.documents import Obligations

COUNTING: Final = "how often an organisation asks about a person"
"""The purpose of the key under which counts are kept (see Seal.derive)."""

Append: TypeAlias = Callable[[store.Submission], Awaitable[int]]
"""Puts an entry on the ledger, durably; returns its index. Raises store.Refused."""

_NOBODY: Final = Any_(())
_READS_AT_ONCE = 4
_DAY = 86_400
_MIDNIGHT_IN_CHINA = 8 * 3600


@dataclass(frozen=True, slots=True)
class Person:
    """A person whom a request names: the typed value of the identifying field, and the identity that it means."""

    value: Any
    identity: Identity


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for answers whose people are read: `key` is the field that identifies them."""

    planned: Planned
    key: SubjectKey
    people: tuple[Person, ...]
    conditions: dict[str, Condition]
    """What each answer asks of a row, by the answer's name, in the order of the request."""


async def ask(attempt: Attempt, admitted: Admitted) -> Response:
    """Answer an admitted request for answers. Raises the problem of a refusal, store.Refused."""
    return await give(attempt, admitted, document_of(attempt.admission.body, AnswerRequest))


async def give(
    attempt: Attempt,
    admitted: Admitted,
    question: AnswerRequest,
    *,
    code: UUID | None = None,
    append: Append | None = None,
) -> Response:
    """Give the answers to a question, with an entry that `append` puts on the ledger: of the code, where one is redeemed.

    Raises the problem of a refusal, store.Refused.
    """
    runtime = attempt.runtime
    names = tuple(dict.fromkeys(question.answers))
    dataset = await dataset_of(attempt, admitted, question.dataset)
    known = attempt.stage = Known(admitted, DeliveryRequest(dataset=question.dataset), dataset, answers=names)
    decided = attempt.stage = await decide(runtime, known)
    asked = await _plan(attempt, decided, question)
    attempt.stage = asked.planned
    if asked.planned.rates:
        await count_request(runtime, asked.planned, attempt.counted)
    await _count_people(runtime, asked, attempt.counted)
    standing = await _look_up(runtime, asked)
    verdicts = await _read(asked, standing)
    return await _answer(runtime, asked, standing, verdicts, code=code, append=append or runtime.sequencer.append)


ASK = Act(ask, entries.AnswerRefused)
"""The act of a request for answers."""


async def _plan(attempt: Attempt, decided: Decided, question: AnswerRequest) -> Asked:
    """The plan of an allowed request. Raises the problem of a denial, RequestInvalid, SubjectsUnsettled."""
    known, decision = decided.known, decided.ruling.decision
    dataset = known.dataset
    if decision.obligations is None or decision.agreement is None:
        raise denial(
            decision, agreements=dataset.agreements, terms=dataset.resource.terms, purpose=known.admitted.purpose
        )
    key = _identifying(question, decided)
    values = [as_sent(key, value) for value in question.people]
    people = _people(values, key, dataset)
    named = DeliveryRequest(dataset=question.dataset, filters=[Filter(field=key.name, op="in", value=values)])
    rows = all_of(decided.ruling.where, Comparison(key.name, "in", tuple(person.value for person in people)))
    reads = Plan(columns=(), where=rows)
    planned = Planned(
        decided,
        agreement=decision.agreement,
        plan=reads,
        cap=0,
        left=0,
        rates=decision.obligations.rates,
        digest=digest(reads, known=known, ruling=decided.ruling, agreement=decision.agreement),
        naming=await name_people(attempt.facts, named, dataset),
    )
    return Asked(planned, key, people, _conditions(known.answers, decision.obligations, dataset))


def _identifying(question: AnswerRequest, decided: Decided) -> SubjectKey:
    """The field by which a request identifies people. Raises RequestInvalid."""
    keys, ground = decided.known.dataset.subject_keys, decided.ruling.ground
    usable = [ground.field.name] if ground is not None else sorted(keys)
    name = question.field if question.field is not None or len(usable) > 1 else usable[0]
    if name is None or name not in usable:
        raise _invalid("field", f"people are identified here by: {', '.join(usable)}")
    return keys[name]


def _people(values: Sequence[str | int], key: SubjectKey, dataset: DatasetFacts) -> tuple[Person, ...]:
    """The people whom identifiers mean, each once. Raises RequestInvalid."""
    people: dict[Identity, Person] = {}
    for index, value in enumerate(values):
        try:
            typed = typed_value(key.type, value, "")
        except PlanError as error:
            raise _invalid(f"people/{index}", error.reason) from error
        person = identity(dataset.owner, key, typed)
        if person in people:
            raise _invalid(f"people/{index}", "the request names this person twice")
        people[person] = Person(typed, person)
    return tuple(people.values())


def _conditions(names: Iterable[str], obligations: Obligations, dataset: DatasetFacts) -> dict[str, Condition]:
    where = {answer.name: answer.where for answer in obligations.answers}
    return {name: check_condition(condition_from_json(where[name]), dataset.types) for name in names}


def _invalid(at: str, error: str) -> RequestInvalid:
    return RequestInvalid(
        "Correct what `errors` lists and send the request again.", errors=[{"at": f"body/{at}", "error": error}]
    )


async def _count_people(runtime: Runtime, asked: Asked, counted: set[Counted]) -> None:
    """Count the answers about each person, whoever they are: all or none. Raises AnswersExceeded."""
    planned = asked.planned
    consumer = planned.sender.holder.principal.organisation
    day, elapsed = divmod(planned.known.admitted.asked.now + _MIDNIGHT_IN_CHINA, _DAY)
    mark: Counted = ("people", day)
    if mark in counted:
        return
    secret, most = runtime.seal.derive(COUNTING), runtime[AnswerSettings].answers_per_person_day
    keys = {
        hmac.digest(secret, consumer.bytes + person.identity.octets, "sha256"): index
        for index, person in enumerate(asked.people)
    }
    async with runtime.database.sessions.begin() as session:
        for key in sorted(keys):
            if not await queries.count(session, key, day=day, answers=len(asked.conditions), most=most):
                raise AnswersExceeded(
                    f"Your organisation may ask for {most} answers about one person in a day; ask again tomorrow.",
                    headers={"Retry-After": str(_DAY - elapsed)},
                    errors=[{"at": f"body/people/{keys[key]}", "error": "the answers about this person are used up"}],
                )
        await queries.forget(session, before=day)
    counted.add(mark)


async def _look_up(runtime: Runtime, asked: Asked) -> Standing | None:
    """Who of the people consents, where that is asked."""
    ground = asked.planned.ground
    if ground is None:
        return None
    lookups = [lookup for person in asked.people if (lookup := ground.lookup(person.value)) is not None]
    return await runtime[Standings].look_up(ground.scopes, lookups)


async def _read(asked: Asked, standing: Standing | None) -> list[dict[str, Verdict]]:
    """The answers about each person. Raises SourceFailed, SourceUnusable."""
    gate = asyncio.Semaphore(_READS_AT_ONCE)

    async def about(person: Person) -> dict[str, Verdict]:
        async with gate:
            return await _read_person(asked, person, standing)

    try:
        return await asyncio.gather(*(about(person) for person in asked.people))
    except SourceError as error:
        raise problem_of(error) from error


async def _read_person(asked: Asked, person: Person, standing: Standing | None) -> dict[str, Verdict]:
    known = asked.planned.known
    ruling = asked.planned.decided.ruling
    rows = all_of(ruling.where, Comparison(asked.key.name, "eq", person.value))
    if standing is not None and ruling.ground is not None:
        rows = rows if ruling.ground.lookup(person.value) in standing.consenting else _NOBODY

    async def has_row(condition: Condition | None) -> bool:
        plan = Plan(columns=(Column(asked.key.name, Constant(1)),), where=all_of(rows, condition), limit=1)
        return bool((await known.dataset.adapter.read(plan)).rows)

    satisfied = {name: await has_row(condition) for name, condition in asked.conditions.items()}
    is_known = all(satisfied.values()) or await has_row(None)
    return {name: "yes" if is_true else "no" if is_known else "unknown" for name, is_true in satisfied.items()}


async def _answer(
    runtime: Runtime,
    asked: Asked,
    standing: Standing | None,
    verdicts: list[dict[str, Verdict]],
    *,
    code: UUID | None,
    append: Append,
) -> Response:
    """Put the answer on the ledger, and sign it. Raises store.Refused."""
    planned, identifier = asked.planned, new_id()
    dataset = planned.known.dataset
    out = AnswersOut(
        id=identifier,
        agreement=planned.agreement,
        dataset=dataset.reference,
        version=dataset.version,
        content_version=dataset.content_version,
        people=verdicts,
        proof=_prove(runtime, asked, verdicts, identifier) if code is not None else None,
    )
    content = out.model_dump_json().encode()
    hashed = hashlib.sha256(content)
    epochs = standing.epochs if standing is not None else {}
    body = entries.AnswerGiven(
        type="answer.given" if code is None else "code.redeemed",
        code=str(code) if code is not None else None,
        **planned.fields(),
        decision=planned.decision,
        plan=planned.digest,
        content=hashed.hexdigest(),
        consents=[entries.Scope(**span) for span in spans(epochs, epochs)] if standing is not None else None,
    )
    submission = planned.submission(body.canonical(), now=runtime.clock.seconds(), epochs=epochs)
    index = await append(submission)
    headers = {"content-digest": signatures.digest_field(hashed.digest()), "exchange-entry": str(index)}
    signature = signature_headers(status=200, headers=headers, runtime=runtime, signed=planned.sender.signed)
    return Response(
        content, media_type="application/json", headers={"cache-control": "no-store", **headers, **signature}
    )


def _prove(runtime: Runtime, asked: Asked, verdicts: Sequence[dict[str, Verdict]], identifier: UUID) -> str:
    """The proof of what a code showed; it is about one person."""
    planned, [shown] = asked.planned, verdicts
    return proofs.prove(
        runtime,
        shown,
        identifier=identifier,
        recipient=planned.sender.holder.principal.organisation,
        dataset=planned.known.dataset.reference,
        purpose=planned.known.admitted.purpose,
    )
