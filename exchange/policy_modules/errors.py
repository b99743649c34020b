"""What can be wrong with modules."""

from exchange.kernel.problems import Problem


class ModuleRefused(Problem):
    """The module is not one that may decide: its form, its compilation or its tests. `errors` names each place, as file and
    line, and what to do there.
    """

    slug = "module-refused"
    title = "The module cannot be accepted"
    status = 422
