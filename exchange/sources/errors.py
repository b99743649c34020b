"""Problems of sources."""

from exchange.kernel.problems import Problem


class SourceUnusable(Problem):
    """The file or table cannot be used as it is. `code` names the defect, `where` the place in the file or table."""

    slug = "source-unusable"
    title = "The source cannot be used"
    status = 422


class SourceBusy(Problem):
    """The most requests that may read from the source at a time do so, and none ended within a second. Nothing was
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


class TooManyUploads(Problem):
    """Your organisation already sends the most files that it may at a time. `detail` states the number. Wait until one ends."""

    slug = "too-many-uploads"
    title = "Too many uploads at a time"
    status = 429


class UploadQuota(Problem):
    """The files of your organisation would take more than it may have here. `detail` states the limit and the need. Withdraw
    sources that no dataset needs, or ask the operator for more.
    """

    slug = "upload-quota"
    title = "The files of the organisation take too much room"
    status = 413


class StorageFull(Problem):
    """The disk of the exchange has no room for the file beside what it keeps free for its own work. Nothing of the file is
    kept. Try again later; the operator has to make room.
    """

    slug = "storage-full"
    title = "The exchange has no room for the file"
    status = 507
