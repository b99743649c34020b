"""Problems of data subjects."""

from exchange.kernel.problems import Problem


class SubjectsUnsettled(Problem):
    """Keys of people in the request were destroyed again and again while it was answered. Send the request again."""

    slug = "subjects-unsettled"
    title = "The subjects' keys kept changing"
    status = 503


class OnHold(Problem):
    """A legal hold is on this person's details, so nothing was erased; the refusal is on the ledger. A security
    administrator can lift the hold.
    """

    slug = "legal-hold"
    title = "A legal hold forbids the erasure"
    status = 409


class RetentionRunning(Problem):
    """Details about this person are younger than the statutory retention, so nothing was erased; the refusal is on the
    ledger. The retention ends at `until`. Until then the details are stored and not used (PIPL Article 47).
    """

    slug = "retention-running"
    title = "The retention is still running"
    status = 409
