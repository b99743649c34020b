"""What a person can show: the answers that datasets offer about them, and the organisations whose agreements grant some."""

from collections.abc import Mapping
from typing import Final

from exchange.agreements import queries as agreements
from exchange.catalog.schemas import DatasetDocument
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.portal.showing.schemas import AnswerOut, ShowableOut, WindowOut
from exchange.subjects.identity import Identity
from exchange.subjects.requests import service as requests
from exchange.subjects.requests.service import Known

_MOST: Final = 200  # windows of a dataset; the newest agreements


async def of_person(work: Work, identities: Mapping[Identity, int]) -> list[ShowableOut]:
    """The answers about a person, given by identities and numbers, with the windows that may redeem a code for some."""
    shown = [await _of_dataset(work, known) for known in await requests.known_by(work, identities)]
    return [showable for showable in shown if showable is not None]


async def _of_dataset(work: Work, known: Known) -> ShowableOut | None:
    version = known.listed.version
    offered = DatasetDocument.model_validate(version.document).terms.answers if version is not None else []
    if not offered:
        return None
    now, listed = work.runtime.clock.now(), known.listed
    names = [answer.name for answer in offered]
    granting = [
        agreement
        for agreement in await agreements.running(work.session, listed.dataset.id, limit=_MOST)
        if agreement.state == "active"
        and agreement.not_before <= now < agreement.not_after
        and not set(names).isdisjoint(agreement.answers)
    ]
    organisations = await participants.organisations_by_ids(
        work.session, {agreement.consumer_id for agreement in granting}
    )
    windows = [
        WindowOut(
            recipient=agreement.consumer_id,
            name=f"{organisation.name_zh} ({organisation.handle})",
            purpose=agreement.purpose,
            answers=[name for name in names if name in agreement.answers],
            until=agreement.not_after,
        )
        for agreement in granting
        if (organisation := organisations.get(agreement.consumer_id)) is not None
    ]
    return ShowableOut(
        dataset=listed.dataset.id,
        reference=f"{listed.owner.handle}/{listed.dataset.handle}",
        owner=listed.owner.name_zh,
        field=known.field,
        answers=[AnswerOut(name=answer.name, title=answer.title, title_en=answer.title_en) for answer in offered],
        windows=windows,
    )
