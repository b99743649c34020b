"""Redeeming: the recipient's signed request turns a code into its answers, computed now, once."""

from fastapi import Response

from exchange.answers.asking import give
from exchange.answers.codes import guessing, queries
from exchange.answers.codes.errors import CodeUnknown
from exchange.answers.codes.models import AnswerCode
from exchange.answers.codes.schemas import Redemption
from exchange.answers.codes.service import digest_of
from exchange.answers.schemas import AnswerRequest
from exchange.delivery.answering import Act, Attempt, document_of
from exchange.delivery.stages import Admitted
from exchange.kernel.database import driver
from exchange.kernel.runtime import Runtime
from ledger import entries
from ledger.log import store

_UNKNOWN = "Ask the person for a new code."


async def redeem(attempt: Attempt, admitted: Admitted) -> Response:
    """Redeem a code. A refusal leaves the code as it is. Raises CodeUnknown, CodeTriesExceeded, and as a request for answers."""
    runtime, now = attempt.runtime, attempt.runtime.clock.now()
    redemption = document_of(attempt.admission.body, Redemption)
    recipient = admitted.sender.holder.principal.organisation
    if redemption.code.isdigit():
        code = await guessing.find(runtime, redemption.code, recipient=recipient, purpose=admitted.purpose, now=now)
    else:
        async with runtime.database.sessions() as session:
            digest = digest_of(redemption.code)
            code = await queries.usable(session, digest, recipient=recipient, purpose=admitted.purpose, now=now)
    if code is None or code.person is None:
        raise CodeUnknown(_UNKNOWN)
    value = runtime.seal.open(code.person, name=f"answer-code/{code.id}").decode()
    question = AnswerRequest(dataset=str(code.dataset_id), field=code.field, people=[value], answers=code.answers)

    async def use_up(submission: store.Submission) -> int:
        return await _use_up(runtime, code, submission)

    return await give(attempt, admitted, question, code=code.id, append=use_up)


async def _use_up(runtime: Runtime, code: AnswerCode, submission: store.Submission) -> int:
    """Append the entry in the transaction that uses the code up: both, or neither. Raises CodeUnknown, store.Refused."""
    async with runtime.database.sessions() as session:
        if not await queries.use_up(session, code.id, now=runtime.clock.now()):
            raise CodeUnknown(_UNKNOWN)
        [outcome] = await store.append(await driver(session), [submission])
        if isinstance(outcome, store.Refused):
            raise outcome
        await session.commit()
    return outcome


REDEEM = Act(redeem, entries.AnswerRefused)
"""The act of redeeming a code."""
