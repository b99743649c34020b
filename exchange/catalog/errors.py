"""Problems of datasets and their terms."""

from exchange.kernel.problems import Problem


class NotExpressibleInOdrl(Problem):
    """The terms have a module of the owner's own. ODRL cannot express a module, so the offer would promise more than is
    delivered. Read and draft these terms as JSON, with the dataset.
    """

    slug = "not-expressible-in-odrl"
    title = "These terms are not expressible in ODRL"
    status = 409


class DatasetInvalid(Problem):
    """The dataset's description contradicts itself or its source. `errors` names each place."""

    slug = "dataset-invalid"
    title = "The dataset's description is not valid"
    status = 422
