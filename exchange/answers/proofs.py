"""Proofs of answers: what a window got for a code, as an SD-JWT that verifies without the exchange.

The claims say who may rely on it, for what, and until when; the answers are disclosures, so that the window can pass on some
and leave out others. Nothing in it names the person.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from exchange.answers.schemas import Verdict
from exchange.answers.settings import AnswerSettings
from exchange.kernel.runtime import Runtime
from signatures import sd_jwt

NAMESPACE: Final = "answer:"
"""Before the name of an answer, so that no answer is named like a claim."""


def prove(
    runtime: Runtime, verdicts: dict[str, Verdict], *, identifier: UUID, recipient: UUID, dataset: str, purpose: str
) -> str:
    """The proof of the answers that a recipient gets for a code, signed by the exchange's key for answers."""
    now = runtime.clock.now()
    ends = now + timedelta(minutes=runtime[AnswerSettings].answers_proof_minutes)
    claims = {
        "iss": runtime.settings.public_url,
        "aud": str(recipient),
        "jti": str(identifier),
        "iat": int(now.timestamp()),
        "exp": int(ends.timestamp()),
        "dataset": dataset,
        "purpose": purpose,
    }
    key = runtime.key
    answers = {f"{NAMESPACE}{name}": verdict for name, verdict in verdicts.items()}
    return sd_jwt.issue(key.sign, keyid=key.keyid, claims=claims, disclosable=answers)
