"""Problems of trading."""

from exchange.kernel.problems import Problem


class GateClosed(Problem):
    """The listing does not meet the conditions under which data is traded here. `errors` names each condition that fails, with
    its rule, in English and Chinese, and what to do; `POST /api/v1/market/listings/{id}/checks` gives the same list.
    """

    slug = "listing-gate-closed"
    title = "The conditions of the market are not met"
    status = 422


class PlacesTaken(Problem):
    """Every place of the limited offer is taken. A place becomes free when an order is cancelled before both sides signed."""

    slug = "offer-places-taken"
    title = "The offer has no place left"
    status = 409


class TooManyEntries(Problem):
    """The period has more entries than one answer reads. Ask for a shorter one, or search the ledger page by page."""

    slug = "too-many-entries"
    title = "The period has too many entries"
    status = 422


class ContractDiffers(Problem):
    """The digest that you sign is not that of the contract as it stands. Read the contract again, and sign `digest`, the SHA-256
    of its canonical JSON (RFC 8785).
    """

    slug = "contract-differs"
    title = "This is not the contract's digest"
    status = 409
