"""Problems of datasets and their terms."""

from exchange.kernel.problems import Problem


class TermsUnsaid(Problem):
    """The terms have a module of the owner's own, which an ODRL offer cannot say: it would promise more than is delivered.
    Read and draft the terms as JSON, with the dataset.
    """

    slug = "terms-unsaid"
    title = "ODRL cannot say these terms"
    status = 409


class DatasetInvalid(Problem):
    """The description does not hold together or does not fit the source. `errors` names each place."""

    slug = "dataset-invalid"
    title = "The dataset's description is not valid"
    status = 422
