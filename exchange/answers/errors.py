"""Problems of answers."""

from exchange.kernel.problems import Problem


class AnswersExceeded(Problem):
    """Your organisation has asked about a person as often as it may in a day; `errors` names the place of the person. The
    same answer asked for again counts too: keep what you have been told. Ask again after the seconds in `Retry-After`.
    """

    slug = "answers-exceeded"
    title = "The answers about this person are used up for today"
    status = 429
