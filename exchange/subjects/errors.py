"""Why something about a subject is not done."""

from exchange.kernel.problems import Problem


class SubjectsUnsettled(Problem):
    """Keys of the people whom the request names kept being destroyed while it was answered. Send the request again."""

    slug = "subjects-unsettled"
    title = "The subjects' keys kept changing"
    status = 503


class OnHold(Problem):
    """A legal hold stands on this person's details, so nothing was erased, and the ledger says so. Whoever may lifts the
    hold first.
    """

    slug = "legal-hold"
    title = "A legal hold forbids the erasure"
    status = 409


class RetentionRunning(Problem):
    """Details about this person are younger than the retention that the exchange has to keep, so nothing was erased, and the
    ledger says so. `until` says when it ends; until then the details are kept and not used (PIPL Article 47).
    """

    slug = "retention-running"
    title = "The retention is still running"
    status = 409
