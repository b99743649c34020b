"""Problems of corrections."""

from exchange.kernel.problems import Problem


class CorrectionInvalid(Problem):
    """The request does not fit: `errors` names each place. A correction is about fields that your agreement grants; it is made
    by a newer content of a file, or in the table that the dataset reads.
    """

    slug = "correction-invalid"
    title = "The correction does not fit the data"
    status = 422
