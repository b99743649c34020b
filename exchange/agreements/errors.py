"""Problems of agreements."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from exchange.catalog.terms.checks import Misfit
from exchange.kernel.problems import Problem

_SHOWN = 50


class AgreementsUnfit(Problem):
    """The version does not fit agreements that are active: it lacks a field that they grant, gives it another type, or its
    fields do not fit a mask or a row filter that they hold. `agreements` names each agreement and its fields. Publish a
    version that fits, or state in the body of the publication how to treat these agreements: `"unfit": "suspend"`,
    `"terminate"`, or `"keep"`, with a reason. Under `keep` they deliver what still fits, and refuse the rest
    (`agreement-unfit`).
    """

    slug = "agreements-unfit"
    title = "The version does not fit agreements"
    status = 409

    @classmethod
    def of(cls, agreements: Sequence[tuple[UUID, UUID, Iterable[Misfit]]], remedy: str) -> "AgreementsUnfit":
        """The problem for agreements, each with its id, its consumer and its misfits."""
        listed: list[dict[str, Any]] = [
            {
                "agreement": str(agreement),
                "consumer": str(consumer),
                "fields": [{"field": misfit.field, "error": misfit.error} for misfit in misfits],
            }
            for agreement, consumer, misfits in agreements[:_SHOWN]
        ]
        first = listed[0]
        place = f'agreement {first["agreement"]}, field "{first["fields"][0]["field"]}": {first["fields"][0]["error"]}'
        more = f" ({len(agreements)} agreements in all)" if len(agreements) > 1 else ""
        return cls(f"{place}{more}. {remedy}", agreements=listed)
