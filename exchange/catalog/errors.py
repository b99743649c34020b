"""What can be wrong with sources and datasets."""

from exchange.kernel.problems import Problem


class SourceUnusable(Problem):
    """The file or table cannot be used as it is. `code` says what is wrong and `where` the place in it."""

    slug = "source-unusable"
    title = "The source cannot be used"
    status = 422


class SourceFailed(Problem):
    """The source could not be read just now: it is unreachable, or no longer as it was described. Its owner is to look."""

    slug = "source-failed"
    title = "The source failed"
    status = 502


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
