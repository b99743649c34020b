"""Problems of searches and replays."""

from exchange.kernel.problems import Problem


class IndexBehind(Problem):
    """The index of entries is far behind the ledger, as after an upgrade. It catches up by itself. The ledger itself is
    complete.
    """

    slug = "index-behind"
    title = "The index is catching up"
    status = 503


class EntryAltered(Problem):
    """An entry in the exchange's database differs from its hash, so it is not shown. `index` is the entry's index. Tell
    the other participants, and compare with an earlier export: `ledger verify` reports what still holds.
    """

    slug = "entry-altered"
    title = "An entry was altered"
    status = 500
