"""Problems of sources."""

from exchange.kernel.problems import Problem


class SourceUnusable(Problem):
    """The file or table cannot be used as it is. `code` names the defect, `where` the place in the file or table."""

    slug = "source-unusable"
    title = "The source cannot be used"
    status = 422


class SourceFailed(Problem):
    """The source cannot be read now: it is unreachable, or has changed since its description. Its owner has to act."""

    slug = "source-failed"
    title = "The source failed"
    status = 502
