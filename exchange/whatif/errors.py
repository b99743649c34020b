"""Problems of what-if."""

from exchange.kernel.problems import Problem


class EffectsBusy(Problem):
    """What a draft would change is looked at for one draft at a time, and only for so long. Ask again in a few seconds; where an
    owner's module takes too long for the agreements that run, make it quicker. Nothing was changed.
    """

    slug = "effects-busy"
    title = "The effects cannot be looked at now"
    status = 503
