"""Requests and answers of the portal."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from exchange.kernel.schemas import In, Out, Text, with_example
from exchange.subjects.requests.schemas import PersonRequestOut
from exchange.subjects.schemas import KeyField, Reference, Value

_PERSON = {"dataset": "demo-civil-affairs/residents", "value": "330106199003078812"}


class NewShownCode(In):
    """A code for a person whom your organisation knows, as one of its datasets identifies them."""

    model_config = with_example({**_PERSON, "level": "counter: identity card seen"})

    dataset: Reference
    field: KeyField = None
    value: Value
    level: Annotated[Text, Field(description="How your organisation made sure who the person is")]
    recovers: Annotated[
        bool,
        Field(
            description="The person has lost every passkey of the account that a code of your organisation made: an "
            "enrolment with this code makes another, and that one has no way in any more"
        ),
    ] = False


class CodeOut(Out):
    """A code. It is shown once; hand it to the person alone."""

    code: str
    expires_at: datetime


class NewBinding(In):
    """A code, and the identifier that it is for."""

    model_config = with_example({"code": "0" * 32, "value": "330106199003078812"})

    code: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    value: Value


class IdentityOut(Out):
    """An identifier of yours. The value is not repeated."""

    scheme: Annotated[str, Field(description="A scheme, or an organisation's id and field")]
    level: str
    method: str


class SessionOut(Out):
    """A session of yours."""

    id: UUID
    level: str
    method: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    is_this: Annotated[bool, Field(description="Whether this request belongs to it")]


class AccountOut(Out):
    """Who is signed in."""

    account: UUID
    identities: list[IdentityOut]
    session: UUID
    level: str
    method: str


class ExplanationOut(Out):
    """Why a request was refused, in English and Chinese."""

    en: str
    zh: str


class UseOut(Out):
    """One use of data about you, or its refusal."""

    entry: Annotated[int, Field(description="The index of the ledger's entry")]
    at: str
    outcome: Annotated[
        Literal["delivered", "started", "aborted", "answered", "code-redeemed", "refused"],
        Field(
            description="`answered`: yes, no or unknown to a question about you; `code-redeemed`: to a code that you issued"
        ),
    ]
    dataset: UUID
    dataset_name: str | None
    consumer: Annotated[str | None, Field(description="The organisation that asked")]
    purpose: str | None
    agreement: str | None
    granted: Annotated[list[str], Field(description="The fields that the agreement grants; no other can have left")]
    answers: Annotated[list[str], Field(description="The names of the answers that were given or asked for")]
    reasons: Annotated[list[str], Field(description="Of a refusal: the rules that refused")]
    explanations: Annotated[list[ExplanationOut], Field(description="Of a refusal: the same in words")]
    visible_from: Annotated[datetime | None, Field(description="When this line appeared, where a law deferred it")]
    deferred_by: Annotated[str | None, Field(description="That law")]
    certainty: Annotated[
        Literal["named", "in-answer"],
        Field(description="`named`: the question named you; `in-answer`: your row was in the answer to a question"),
    ]
    receipt: Annotated[
        str | None,
        Field(description="The entry's proof (C2SP tlog-proof), to verify offline; null until it is covered"),
    ]
    opening: Annotated[
        str | None,
        Field(
            description="The address of the proof that you are in this answer, which names nobody; null where it is named"
        ),
    ]


class UsesOut(Out):
    """A page of uses, newest first."""

    uses: list[UseOut]
    next: Annotated[int | None, Field(description="The `before` of the next page; null at the end")]


class ProvenEntryOut(Out):
    """An entry of the ledger: its bytes, and its proof (C2SP tlog-proof)."""

    leaf: str
    receipt: str


class ProofOfMineOut(Out):
    """The opening of an answer's commitment for one of your identifiers. It shows nothing of anybody else."""

    secret: Annotated[str | None, Field(description="Your secret, hex; keep it: nobody else has it")] = None
    number: Annotated[int | None, Field(description="Of former answers: your number, instead of the secret")] = None
    opening: Annotated[dict[str, Any] | None, Field(description="Null: your number was given after the former answer")]
    binding: Annotated[
        ProvenEntryOut | None, Field(description="The entry that fixed your secret when you bound the identifier")
    ] = None


class OpeningOut(Out):
    """Whether an answer that names nobody had rows about you, with its proof; `exchange-client opening` verifies it."""

    format: str
    in_answer: bool
    entry: ProvenEntryOut
    proofs: list[ProofOfMineOut]


class CopyOut(Out):
    """What the exchange holds about a person. The data itself is with its owners: a request of the kind `copy` asks them."""

    identities: list[IdentityOut]
    uses: list[UseOut]
    uses_next: Annotated[int | None, Field(description="Where `/portal/uses` goes on; null: this is everything")]
    requests: list[PersonRequestOut]
    consents: "list[ConsentOfMineOut]"


class ConsentOfMineOut(Out):
    """A notice about your data, and what you decided under it."""

    notice: UUID
    document: Annotated[dict[str, Any], Field(description="What you are told: who, which data, for what, how long")]
    consent: UUID | None
    state: Annotated[str, Field(description="`unasked`: nothing is recorded, so nothing leaves by it")]
    until: datetime | None


class DecisionOfMine(In):
    """What you decide under a notice. To withdraw is as easy as to give."""

    model_config = with_example({"decision": "withdrawn"})

    decision: Literal["given", "refused", "deferred", "withdrawn"]
