"""What can be wrong with a question to the ledger."""

from exchange.kernel.problems import Problem


class NotYetCovered(Problem):
    """No checkpoint covers this yet, or there is no such entry. Checkpoints are signed every second or so; ask again, or
    send `Prefer: wait=5`.
    """

    slug = "not-yet-covered"
    title = "No checkpoint covers this yet"
    status = 404


class EntriesPrivate(Problem):
    """This exchange shows entries to auditors only. Checkpoints, hashes and receipts are public; entries are read through
    GET /api/v1/audit/entries with a signed request.
    """

    slug = "entries-private"
    title = "Entries are shown to auditors only"
    status = 403
