"""Problems of applications."""

from exchange.kernel.problems import Problem


class OutsideTerms(Problem):
    """The application, or the approval, exceeds the dataset's terms. `errors` names each place."""

    slug = "outside-terms"
    title = "The terms do not offer this"
    status = 422


class NotShared(Problem):
    """The dataset's owner cites a law that forbids sharing it, so nobody can apply. The catalogue shows the citation."""

    slug = "dataset-not-shared"
    title = "The dataset is not shared"
    status = 403
