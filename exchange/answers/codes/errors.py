"""Problems of codes."""

from exchange.kernel.problems import Problem


class CodeUnknown(Problem):
    """No such code can be redeemed by your organisation for this purpose: it was used, revoked, has expired after its minutes,
    or was made for another organisation or purpose. Ask the person to make a new one.
    """

    slug = "code-unknown"
    title = "The code cannot be redeemed"
    status = 404


class CodeTriesExceeded(Problem):
    """Too many short codes were tried that are none, by your organisation or by all, so none is taken before the seconds in
    `Retry-After`. Codes of 26 characters, as a QR code holds them, are taken meanwhile.
    """

    slug = "code-tries-exceeded"
    title = "Too many wrong codes"
    status = 429


class CodesExceeded(Problem):
    """You have as many codes that can still be redeemed as one person may have at once. Revoke one, or wait until one ends."""

    slug = "codes-exceeded"
    title = "You have too many codes"
    status = 409
