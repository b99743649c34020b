"""Problems of people's requests."""

from collections.abc import Iterable
from typing import Self

from exchange.kernel.problems import Problem


class AnswerIncomplete(Problem):
    """The answer to a person's request lacks what the law demands of it: a grant its evidence, a refusal its reasons and
    where to complain (PIPL Article 50), restricted storage the law that demands the data (Article 47). `lacking` names it.
    """

    slug = "answer-incomplete"
    title = "The answer lacks what the law demands"
    status = 422

    @classmethod
    def of(cls, lacking: Iterable[str]) -> Self:
        """The problem of an answer without these."""
        return cls("State what `lacking` names.", lacking=sorted(lacking))


class RequestOpen(Problem):
    """You have a request of this kind about this dataset that waits for its answer. Withdraw it before you send another."""

    slug = "request-open"
    title = "A request of this kind is open"
    status = 409


class RequestsExceeded(Problem):
    """You have sent as many requests in 24 hours as one person may, those that you withdrew included. Send it later."""

    slug = "requests-exceeded"
    title = "Too many requests of one person"
    status = 429


class NotHeld(Problem):
    """No published dataset identifies people by any of your identifiers, so there is nobody to ask."""

    slug = "nobody-to-ask"
    title = "No dataset identifies you"
    status = 404
