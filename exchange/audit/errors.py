"""What can be wrong with a question to the ledger."""

from exchange.kernel.problems import Problem


class IndexBehind(Problem):
    """The index by which entries are found is far behind the ledger, as after an upgrade. It catches up by itself; nothing
    is missing from the ledger.
    """

    slug = "index-behind"
    title = "The index is catching up"
    status = 503


class EntryAltered(Problem):
    """An entry in the exchange's database is not what was hashed, so it is not shown. `index` says which. Tell the other
    participants, and compare with an export made before: `ledger verify` says what still holds.
    """

    slug = "entry-altered"
    title = "An entry was altered"
    status = 500
