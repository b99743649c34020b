"""Problems of sources."""

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
