"""Problems of datasets and their terms."""

from exchange.kernel.problems import Problem


class NotExpressibleInOdrl(Problem):
    """The terms have a module of the owner's own. ODRL cannot express a module, so the offer would promise more than is
    delivered. Read and draft these terms as JSON, with the dataset.
    """

    slug = "not-expressible-in-odrl"
    title = "These terms are not expressible in ODRL"
    status = 409


class SecondPersonNeeded(Problem):
    """Your organisation separates its duties, and you drafted this version, or suspended this agreement. Another member
    publishes or resumes it: one with the role `approver`, or another steward (Decree 809, Article 13: the head of the
    department agrees before publication).
    """

    slug = "second-person-needed"
    title = "Another person has to do this"
    status = 403


class DatasetInvalid(Problem):
    """The dataset's description contradicts itself or its source. `errors` names each place."""

    slug = "dataset-invalid"
    title = "The dataset's description is not valid"
    status = 422
