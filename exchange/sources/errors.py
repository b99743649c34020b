"""Problems of sources."""

from exchange.kernel.problems import Problem


class SourceUnusable(Problem):
    """The file or table cannot be used as it is. `code` names the defect, `where` the place in the file or table."""

    slug = "source-unusable"
    title = "The source cannot be used"
    status = 422


class SourceBusy(Problem):
    """As many requests read from the source as may do so at a time, and none ended within a second. Nothing was
    delivered; send the request again after the seconds in `Retry-After`.
    """

    slug = "source-busy"
    title = "The source is busy"
    status = 503


class SourceFailed(Problem):
    """The source cannot be read now: it is unreachable, or has changed since its description. Its owner has to act."""

    slug = "source-failed"
    title = "The source failed"
    status = 502
