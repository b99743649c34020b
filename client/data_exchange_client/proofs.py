"""Proofs of answers (SD-JWT, RFC 9901): what a person showed by a code, verified without the exchange."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

from data_exchange_client.errors import ExchangeError
from data_exchange_client.trust import Trust
from signatures import sd_jwt
from signatures.sd_jwt import SdJwtInvalid

_NAMESPACE: Final = "answer:"


class ProofInvalid(ExchangeError):
    """A proof that does not verify, is over, or is for another organisation."""


@dataclass(frozen=True, slots=True)
class AnswerProof:
    """Verified answers: by name, for which organisation and purpose, and when they were given and are over."""

    answers: Mapping[str, str]
    recipient: str
    purpose: str
    dataset: str
    given: datetime
    until: datetime
    id: str

    @classmethod
    def verify(cls, text: str, trust: Trust, *, now: datetime, recipient: str | None = None) -> Self:
        """Verify a proof with the pinned keys of an exchange, at a time; `recipient` is whom it has to be for.

        Raises ProofInvalid, TrustError.
        """
        try:
            verified = sd_jwt.verify(text.strip(), key_of=trust.public_key)
            proof = cls._of(verified.claims, verified.disclosed)
        except (SdJwtInvalid, KeyError, TypeError, ValueError, OverflowError) as error:
            raise ProofInvalid(str(error) if isinstance(error, SdJwtInvalid) else "a claim is missing") from error
        trust.public_key(verified.keyid, at=int(proof.given.timestamp()))
        if now >= proof.until:
            raise ProofInvalid(f"the proof is over since {proof.until.isoformat()}; ask the person for a new code")
        if recipient is not None and proof.recipient != recipient:
            raise ProofInvalid("the proof is for another organisation")
        return proof

    @classmethod
    def _of(cls, claims: Mapping[str, Any], disclosed: Mapping[str, Any]) -> Self:
        given, until = (datetime.fromtimestamp(claims[name], UTC) for name in ("iat", "exp"))
        answers = {
            name.removeprefix(_NAMESPACE): str(value)
            for name, value in disclosed.items()
            if name.startswith(_NAMESPACE)
        }
        texts = [str(claims[name]) for name in ("aud", "purpose", "dataset", "jti")]
        return cls(answers, texts[0], texts[1], texts[2], given, until, texts[3])
