"""A person's own consents: the notices about their data, and what they decide under them.

A decision is a verb of consents; here it gets the person's identifier, and the session's confirmation as its proof.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from exchange.calendar.counting import day_of
from exchange.catalog.identifier_schemes import birth_date
from exchange.consents import queries as consents
from exchange.consents import service
from exchange.consents.notices import queries as notices
from exchange.consents.schemas import Decision
from exchange.kernel.problems import NotFound, RequestInvalid
from exchange.kernel.work import Work
from exchange.participants.reading import Reading
from exchange.portal.binding import Bound
from exchange.portal.schemas import ConsentOfMineOut, DecisionOfMine
from exchange.subjects.requests import service as requests

_EVERYTHING: Final = Reading(everything=True)
_MOST: Final = 500
_CHILD: Final = 14  # years: below, a guardian consents (PIPL Article 31)


async def of_person(work: Work, person: Sequence[Bound]) -> list[ConsentOfMineOut]:
    """The notices about a person's data that are in force, and those under which there is a record of theirs."""
    records = await consents.newest_of_person(work.session, [bound.number for bound in person])
    shown = {
        notice.id: ConsentOfMineOut(
            notice=notice.id,
            document=notice.document,
            consent=consent.id,
            state=consent.state,
            until=consent.until,
        )
        for consent, notice in records
    }
    for known in await requests.known_by(work, {bound.identity: bound.number for bound in person}):
        for notice, scope in await notices.notices(
            work.session, _EVERYTHING, dataset=known.listed.dataset.id, after=None, limit=_MOST
        ):
            if scope.closed_at is None and notice.id not in shown:
                shown[notice.id] = ConsentOfMineOut(
                    notice=notice.id, document=notice.document, consent=None, state="unasked", until=None
                )
    return [shown[identifier] for identifier in sorted(shown)]


async def decide(work: Work, person: Sequence[Bound], notice: UUID, wanted: DecisionOfMine) -> ConsentOfMineOut:
    """Record what the person decides now. Raises NotFound, Conflict, ConsentInvalid, DecisionOutdated."""
    lookups = {bound.identity.lookup(work.runtime.seal): bound.number for bound in person}
    consent = None
    for bound in person:
        decision = Decision(
            notice=notice,
            value=bound.identity.value,
            decision=wanted.decision,
            method="portal",
            proof=work.caller.evidence.digest,
            under_14=_is_child(work, bound),
        )
        try:
            consent = await service.decide_oneself(work, decision, lookups)
        except RequestInvalid:
            continue  # the notice's dataset identifies people under another scheme
        except NotFound:
            continue
        break
    if consent is None:
        raise NotFound("There is no notice with this id about your data.")
    shown, _ = await notices.notice(work.session, _EVERYTHING, notice)
    return ConsentOfMineOut(
        notice=notice, document=shown.document, consent=consent.id, state=consent.state, until=consent.until
    )


def _is_child(work: Work, bound: Bound) -> bool:
    """Whether the person is under 14, by the date of birth in the number or of the provider; unknown is not."""
    born = birth_date(bound.identity.value) if bound.identity.scheme == "cn-resident-id" else None
    if born is None and bound.birth_date is not None:
        try:
            born = date.fromisoformat(bound.birth_date)
        except ValueError:
            return False
    today = day_of(work.runtime.clock.now())
    return born is not None and (today.year - born.year - ((today.month, today.day) < (born.month, born.day))) < _CHILD
