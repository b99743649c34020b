"""Problems of certificates."""

from exchange.kernel.problems import Problem


class NotCertified(Problem):
    """A certificate is issued for a record in force. This one was transferred or cancelled, or its last day is over:
    `GET /rights/{code}` shows its state.
    """

    slug = "not-certified"
    title = "The record is not in force, so it has no certificate"
    status = 409
