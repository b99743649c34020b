"""Why an application cannot be made or granted as it is."""

from exchange.kernel.problems import Problem


class OutsideTerms(Problem):
    """What is asked for, or granted, goes beyond what the dataset's terms offer. `errors` names each place."""

    slug = "outside-terms"
    title = "The terms do not offer this"
    status = 422


class NotShared(Problem):
    """The dataset's owner declared that a law forbids sharing it, so nobody can apply for it. The catalogue has the citation."""

    slug = "dataset-not-shared"
    title = "The dataset is not shared"
    status = 403
