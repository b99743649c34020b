"""Problems of codes."""

from exchange.kernel.problems import Problem


class CodeUnknown(Problem):
    """No such code can be redeemed by your organisation for this purpose: it was used, revoked, has expired after its minutes,
    or was made for another organisation or purpose. Ask the person to make a new one.
    """

    slug = "code-unknown"
    title = "The code cannot be redeemed"
    status = 404
