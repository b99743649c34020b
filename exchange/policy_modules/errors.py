"""The problems of owners' modules."""

from exchange.kernel.problems import Problem


class ModuleRefused(Problem):
    """The module has an error in its form, does not compile, or fails a test. `errors` lists each place, as file and line, and
    what to correct there.
    """

    slug = "module-refused"
    title = "The module cannot be accepted"
    status = 422
