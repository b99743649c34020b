"""Problems of what-if."""

from exchange.kernel.problems import Problem


class EffectsBusy(Problem):
    """The exchange compares one draft at a time, and only for some seconds. Try again in a few seconds; if an owner's module
    takes too long over the running agreements, make it faster. Nothing was changed.
    """

    slug = "effects-busy"
    title = "The effects cannot be computed now"
    status = 503
