"""Problems of the ledger's public addresses."""

from exchange.kernel.problems import Problem


class NotYetCovered(Problem):
    """No checkpoint covers this yet. Checkpoints are signed every second or so: ask again after `Retry-After`, or send
    `Prefer: wait=5`. The receipt of an entry that does not exist is `not-found`, with the ledger's `size`.
    """

    slug = "not-yet-covered"
    title = "No checkpoint covers this yet"
    status = 404


class EntriesPrivate(Problem):
    """This exchange shows entries to auditors only. Checkpoints, hashes and receipts are public; entries are read
    through GET /api/v1/audit/entries with a signed request.
    """

    slug = "entries-private"
    title = "Entries are shown to auditors only"
    status = 403


class EntryPruned(Problem):
    """The exchange no longer shows the entry, by its retention policy. The hashes of all entries are served, so
    receipts and proofs stay valid; `GET /ledger/minimum-index` is the first entry that is shown.
    """

    slug = "entry-pruned"
    title = "The entry is pruned"
    status = 410
