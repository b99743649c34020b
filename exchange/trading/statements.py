"""What sides state at the steps of listings and orders: kept in the database, committed to on the ledger."""

from typing import Any, Protocol

from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.work import Work


class Stated(Protocol):
    """A row that keeps statements, oldest first."""

    statements: Any


def state(work: Work, row: Stated, type_: str, statement: str, **amounts: int) -> str:
    """Keep what the principal states at a step, and return its commitment. Amounts are part of what is stated."""
    salt = new_salt()
    stated = {"statement": statement, **amounts}
    row.statements = [
        *row.statements,
        {
            "type": type_,
            "organisation": str(work.principal.organisation),
            "principal": str(work.principal.id),
            **stated,
            "salt": salt,
            "time": work.now,
        },
    ]
    return commitment(stated, salt=salt)
