"""The verbs of notices: publish, close."""

from datetime import UTC
from typing import Any
from uuid import UUID

from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.consents.errors import NoticeInvalid
from exchange.consents.models import ConsentNotice, ConsentScope
from exchange.consents.notices import queries
from exchange.consents.notices.checks import faults_of
from exchange.consents.notices.schemas import NewNotice
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, NotFound
from exchange.kernel.work import Act, Work
from exchange.participants import queries as participants
from exchange.participants.view import OrganisationView
from exchange.subjects.identity import subject_keys
from ledger import entries


async def publish(work: Work, new: NewNotice) -> tuple[ConsentNotice, ConsentScope]:
    """Publish a notice for a dataset of the principal's organisation. It never changes.

    Raises NotFound, Forbidden, Conflict, NoticeInvalid.
    """
    listed = await catalog.any_dataset(work.session, new.dataset)
    if listed.owner.id != work.principal.organisation:
        raise NotFound("Your organisation has no such dataset; GET /api/v1/datasets lists them.")
    work.permit("notice", "publish", listed.owner.id, side="the owner of the data")
    if listed.dataset.state != "published" or listed.version is None:
        raise Conflict("Publish the dataset first: a notice names its fields.", state=listed.dataset.state)
    document = DatasetDocument.model_validate(listed.version.document)
    recipient = await _recipient(work, new.recipient)
    faults = faults_of(new, document)
    now = work.runtime.clock.now()
    if recipient is None or recipient.id == listed.owner.id:
        faults.append({"at": "body/recipient", "error": "name an organisation of this exchange other than your own"})
    if new.in_use_since > now:
        faults.append({"at": "body/in_use_since", "error": "a time that is not in the future"})
    if faults or recipient is None:
        raise NoticeInvalid("Correct what `errors` lists.", errors=faults)
    shown = _document(new, listed.owner, recipient, dataset=listed.dataset.id)
    scope, salt = await queries.add_scope(work.session), new_salt()
    notice = ConsentNotice(
        id=new_id(),
        scope=scope,
        dataset_id=listed.dataset.id,
        controller_id=listed.owner.id,
        recipient_id=recipient.id,
        purpose=new.purpose,
        fields=list(dict.fromkeys(new.fields)),
        identified_by=new.identified_by or next(iter(subject_keys(document))),
        document=shown,
        digest=commitment(shown, salt=salt),
        salt=salt,
        term_days=new.term_days,
        in_use_since=new.in_use_since.astimezone(UTC),
        published_at=now,
    )
    work.session.add(notice)
    work.entry(
        entries.ConsentNoticePublished,
        about=("consent_notice", notice.id),
        consumer=str(recipient.id),
        dataset=str(notice.dataset_id),
        document=notice.digest,
        purpose=notice.purpose,
    )
    return notice, await queries.lock_scope(work.session, scope)


async def _recipient(work: Work, reference: str) -> OrganisationView | None:
    identifiers = await participants.organisation_ids(work.session, reference)
    return await participants.organisation(work.session, identifiers[0]) if identifiers else None


def _document(new: NewNotice, owner: OrganisationView, recipient: OrganisationView, *, dataset: UUID) -> dict[str, Any]:
    """The notice as people are shown it, with both organisations by id and code."""
    content = new.model_dump(mode="json", exclude_none=True)
    return {
        **content,
        "in_use_since": rfc3339(new.in_use_since),
        "dataset": str(dataset),
        "recipient": str(recipient.id),
        "fields": list(dict.fromkeys(new.fields)),
        "controller": {"id": str(owner.id), "code": owner.code, **content["controller"]},
        "recipient_contact": {"id": str(recipient.id), "code": recipient.code, **content["recipient_contact"]},
    }


async def close(work: Work, *, notice_id: UUID, reason: str) -> tuple[ConsentNotice, ConsentScope]:
    """Close a notice: nobody is asked and nobody consents under it any more.

    Consents that were given hold until they end; people may still withdraw. Raises NotFound, Forbidden, Conflict.
    """
    notice = await queries.own_notice(work.session, work.principal.organisation, notice_id)
    work.permit_one(Act("notice", "close", notice.controller_id, "the owner of the data"))
    scope = await queries.lock_scope(work.session, notice.scope)
    if scope.closed_at is not None:
        raise Conflict("The notice is closed already.", state="closed")
    scope.closed_at = work.runtime.clock.now()
    scope.closing = reason
    work.entry(
        entries.ConsentNoticeClosed,
        about=("consent_notice", notice.id),
        consumer=str(notice.recipient_id),
        dataset=str(notice.dataset_id),
        purpose=notice.purpose,
        statement=commitment(reason, salt=notice.salt),
    )
    return notice, scope
