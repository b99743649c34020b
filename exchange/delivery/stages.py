"""The stages of a delivery: what is established about a request for data, one frozen value for each stage.

Each stage holds the one before, so that none can be incomplete, and gives what a refusal at this stage states: the
fields of its entry, the fence that the entry rests on, the nonce that it uses up, and the details sealed beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, Final, TypeAlias

from adapters.plan.plan import Plan
from exchange.delivery.facts import DatasetFacts, Ruling
from exchange.delivery.naming import Naming
from exchange.delivery.people.grounds import Ground
from exchange.delivery.schemas import DeliveryRequest
from exchange.participants.door.evidence import Claim, Sender
from ledger import entries
from ledger.log import store
from ledger.log.store import Sealed
from policies.decision.documents import Rate

NO_EPOCHS: Final[Mapping[int, int]] = MappingProxyType({})


class Outlasted(store.Refused):
    """The decision's validity ended before its entry was appended; the decision has to be made again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for data. `at` and `now` are the time of this attempt: as entries print it, and in epoch seconds."""

    at: str
    now: int
    claim: Claim

    decision: ClassVar[None] = None
    sealed: ClassVar[tuple[Sealed, ...]] = ()

    @property
    def fence(self) -> int | None:
        """The position of the fence when the key was looked up."""
        return self.claim.fence

    def fields(self) -> dict[str, Any]:
        """Time, actor and evidence."""
        return {"at": self.at, **self.claim.fields()}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request whose sender and purpose are established."""

    asked: Asked
    sender: Sender
    purpose: str

    decision: ClassVar[None] = None
    sealed: ClassVar[tuple[Sealed, ...]] = ()

    @property
    def fence(self) -> int:
        """The fence that every fact of this attempt was read at."""
        return self.sender.fence

    @property
    def claim(self) -> Claim:
        """The sender."""
        return self.sender

    def fields(self) -> dict[str, Any]:
        """The purpose too."""
        return {**self.asked.fields(), "purpose": self.purpose}


@dataclass(frozen=True, slots=True)
class Known:
    """A request whose question is read, with the facts of the dataset that it names.

    `answers` are the names of the answers that it asks for, instead of rows.
    """

    admitted: Admitted
    question: DeliveryRequest
    dataset: DatasetFacts
    answers: tuple[str, ...] = ()

    decision: ClassVar[None] = None
    sealed: ClassVar[tuple[Sealed, ...]] = ()

    @property
    def fence(self) -> int:
        """The fence of the facts."""
        return self.admitted.fence

    @property
    def claim(self) -> Claim:
        """The sender."""
        return self.admitted.sender

    def fields(self) -> dict[str, Any]:
        """The dataset too."""
        dataset = self.dataset
        return {
            **self.admitted.fields(),
            "dataset": str(dataset.id),
            "lane": dataset.lane,
            "object": entries.Object(kind="dataset", id=str(dataset.id), version=dataset.version),
        }


@dataclass(frozen=True, slots=True)
class Decided:
    """A request with its decision, which may be a denial."""

    known: Known
    ruling: Ruling

    sealed: ClassVar[tuple[Sealed, ...]] = ()

    @property
    def decision(self) -> entries.Decision:
        """The decision as entries hold it."""
        return self.ruling.record

    @property
    def fence(self) -> int:
        """The fence of the facts."""
        return self.known.fence

    @property
    def claim(self) -> Claim:
        """The sender."""
        return self.known.claim

    def fields(self) -> dict[str, Any]:
        """The agreement too, if one allows the delivery, and the answers, whose names the terms offer."""
        agreement, answers = self.ruling.decision.agreement, self.known.answers
        return {
            **self.known.fields(),
            **({"agreement": agreement} if agreement is not None else {}),
            **({"answers": list(answers)} if answers else {}),
        }


@dataclass(frozen=True, slots=True)
class Planned:
    """An allowed delivery with its plan, which is not executed yet.

    `cap` is the greatest number of rows that the obligations allow, over all pages of the question; `left` is how many of
    them the pages before have left. `rates` cap the number of requests. `digest` is the plan's digest for the ledger.
    """

    decided: Decided
    agreement: str
    plan: Plan
    cap: int
    left: int
    rates: tuple[Rate, ...]
    digest: str
    naming: Naming

    @property
    def known(self) -> Known:
        """The question and its facts."""
        return self.decided.known

    @property
    def sender(self) -> Sender:
        """The sender of the request."""
        return self.known.admitted.sender

    @property
    def decision(self) -> entries.Decision:
        """The decision as entries hold it."""
        return self.decided.decision

    @property
    def fence(self) -> int:
        """The fence of the facts."""
        return self.decided.fence

    @property
    def claim(self) -> Claim:
        """The sender."""
        return self.sender

    @property
    def sealed(self) -> tuple[Sealed, ...]:
        """The details about the people whom the question names."""
        return self.naming.sealed

    def fields(self) -> dict[str, Any]:
        """The people whom the question names too."""
        return {**self.decided.fields(), **self.naming.fields}

    @property
    def account(self) -> str | None:
        """The account to which the delivery is billed: its agreement, where that has a price document."""
        return self.agreement if self.agreement in self.known.dataset.accounts else None

    @property
    def ground(self) -> Ground | None:
        """On which ground rows about people are released; None: whoever they are about."""
        return self.decided.ruling.ground

    def submission(
        self, body: bytes, *, now: int, epochs: Mapping[int, int] = NO_EPOCHS, people: store.People | None = None
    ) -> store.Submission:
        """The entry of a release at a time in epoch seconds: it rests on the facts and uses up the nonce. Raises Outlasted.

        It rests on the epochs of scopes too, and the people in the answer are kept beside it.
        """
        ruling = self.decided.ruling
        if not ruling.begin <= now < ruling.end:
            raise Outlasted
        return store.Submission(
            body,
            nonce=self.sender.nonce,
            fence=self.fence,
            sealed=self.naming.sealed,
            epochs=tuple(epochs.items()),
            people=people,
            account=self.account,
        )


Stage: TypeAlias = Asked | Admitted | Known | Decided | Planned
