"""The verbs of datasets: draft, publish, withdraw."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from exchange.catalog import issuing, queries
from exchange.catalog.changes import service as changes
from exchange.catalog.checks import withhold_from_others
from exchange.catalog.dependents import DatasetDependents
from exchange.catalog.errors import DatasetInvalid, SecondPersonNeeded
from exchange.catalog.filing import queries as filings
from exchange.catalog.filing import service as filing
from exchange.catalog.filing.errors import ReviewNeeded
from exchange.catalog.models import Dataset
from exchange.catalog.schemas import DatasetDocument, DatasetOut, NewDataset, Publication
from exchange.catalog.view import Listed, draft_of
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.database import AsyncSession
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.participants.reading import Reading, reading_of
from exchange.sources import queries as sources
from exchange.sources.view import SourceView
from ledger import entries


async def draft(work: Work, new: NewDataset) -> Dataset:
    """Draft a dataset over a source of the principal's organisation. Raises NotFound, Forbidden, DatasetInvalid."""
    source = await sources.own_source(work.session, work.principal, new.source)
    work.permit("dataset", "draft", source.organisation)
    draft = await _draft(work, source, new.document, dataset=None)
    dataset = Dataset(
        id=new_id(),
        organisation_id=source.organisation,
        handle=new.handle,
        state="draft",
        version=0,
        draft=draft,
        drafted_at=work.runtime.clock.now(),
    )
    work.session.add(dataset)
    _record_draft(work, dataset, draft)
    return dataset


async def _draft(work: Work, source: SourceView, document: DatasetDocument, *, dataset: UUID | None) -> dict[str, Any]:
    plain = await issuing.plain_document(work, document, owner=source.organisation, dataset=dataset)
    if source.state == "ready":  # a file that is not uploaded yet has no fields
        issuing.check_source(document, source)
    return {"source": str(source.id), "document": plain, "salt": new_salt(), "by": str(work.principal.id)}


def _record_draft(work: Work, dataset: Dataset, draft: dict[str, Any]) -> None:
    digest = commitment(draft["document"], salt=draft["salt"])
    work.entry(entries.DatasetDrafted, about=("dataset", dataset.id), document=digest)


async def redraft(
    work: Work, *, dataset_id: UUID, source_id: UUID, document: DatasetDocument, handle: str | None = None
) -> Dataset:
    """Replace the draft, or begin one beside the published version. `handle`, where it is given, has to be the dataset's.

    Raises NotFound, Forbidden, Conflict, DatasetInvalid.
    """
    dataset = await queries.own_dataset(work.session, work.principal, dataset_id)
    work.permit("dataset", "draft", dataset.organisation_id)
    source = await sources.own_source(work.session, work.principal, source_id)
    if dataset.state == "withdrawn":
        raise Conflict(
            "A withdrawn dataset is not changed; draft a new one, which may have its handle.", state=dataset.state
        )
    if handle is not None and handle != dataset.handle:
        error = f'the dataset is called "{dataset.handle}", and its handle does not change; draft a new dataset instead'
        raise DatasetInvalid("Correct the handle.", errors=[{"at": "handle", "error": error}])
    dataset.draft = draft = await _draft(work, source, document, dataset=dataset.id)
    await filing.end(work, dataset.id, "redraft")
    dataset.drafted_at = work.runtime.clock.now()
    _record_draft(work, dataset, draft)
    return dataset


async def publish(work: Work, *, dataset_id: UUID, publication: Publication) -> Dataset:
    """Publish the draft as the next version.

    Raises NotFound, Forbidden, Conflict, SecondPersonNeeded, ReviewNeeded for a department's where the exchange has a sharing
    authority, DatasetInvalid, and the problems of DatasetDependents.
    """
    dataset = await queries.own_dataset(work.session, work.principal, dataset_id)
    work.permit("dataset", "publish", dataset.organisation_id)
    draft = draft_of(dataset)
    if draft is None or dataset.state == "withdrawn":
        raise Conflict("There is no draft to publish.", state=dataset.state)
    owner = await participants.organisation(work.session, dataset.organisation_id)
    if owner.separates_duties and draft.by == work.principal.id:
        raise SecondPersonNeeded(
            "You drafted it; ask a member with the role approver, or another steward, to publish it."
        )
    is_department = owner.kind == "department"
    if is_department and await filings.is_reviewed(work.session, owner):
        raise ReviewNeeded("File the draft for review: POST /api/v1/datasets/{id}/filing.", state=dataset.state)
    await filing.end(work, dataset.id, "redraft")
    await issuing.issue(work, dataset, draft, publication, how="no-authority" if is_department else None)
    return dataset


async def withdraw(work: Work, *, dataset_id: UUID, reason: str) -> Dataset:
    """Withdraw a published dataset, which ends its deliveries and agreements. Its handle is free again.

    Raises NotFound, Forbidden, Conflict.
    """
    dataset = await queries.own_dataset(work.session, work.principal, dataset_id)
    work.permit("dataset", "withdraw", dataset.organisation_id)
    if dataset.state != "published":
        raise Conflict(
            "Only a published dataset can be withdrawn; DELETE /api/v1/datasets/{id}/draft discards a draft.",
            state=dataset.state,
        )
    dataset.state = "withdrawn"
    await filing.end(work, dataset.id, "withdraw")
    await changes.follow_withdrawal(work, dataset.id)
    salt = new_salt()
    dataset.withdrawal = {"reason": reason, "salt": salt}
    work.entry(
        entries.DatasetWithdrawn,
        about=("dataset", dataset.id),
        version=dataset.version,
        reason=commitment(reason, salt=salt),
    )
    await work.runtime[DatasetDependents].follow_withdrawal(work, dataset.id, reason)
    return dataset


async def discard_draft(work: Work, *, dataset_id: UUID) -> None:
    """Discard a draft. A dataset that was never published goes with it, and its handle is free again.

    Raises NotFound, Forbidden, Conflict.
    """
    dataset = await queries.own_dataset(work.session, work.principal, dataset_id)
    work.permit("dataset", "draft", dataset.organisation_id)
    draft = draft_of(dataset)
    if draft is None:
        raise Conflict("There is no draft to discard.", state=dataset.state)
    dataset.draft = None
    await filing.end(work, dataset.id, "discard")
    if dataset.state == "draft":
        dataset.state = "discarded"
    work.entry(
        entries.DatasetDraftDiscarded,
        about=("dataset", dataset.id),
        document=commitment(draft.document, salt=draft.salt),
    )


async def sources_of(session: AsyncSession, listed: Sequence[Listed]) -> dict[UUID, SourceView]:
    """The sources that the published versions of datasets read, by dataset."""
    reads = {item.dataset.id: item.version.source_id for item in listed if item.version is not None}
    views = await sources.by_ids(session, set(reads.values()))
    return {dataset: views[source] for dataset, source in reads.items()}


async def read(work: Work, reference: str) -> DatasetOut:
    """The dataset of a reference, as the principal sees it. Raises NotFound."""
    reading = reading_of(work, "dataset")
    listed = await queries.dataset(work.session, reading, reference)
    return dataset_out(listed, reading, (await sources_of(work.session, [listed])).get(listed.dataset.id))


def dataset_out(listed: Listed, reading: Reading, source: SourceView | None) -> DatasetOut:
    """A dataset as a principal sees it. Who reads on the owner's side sees the draft, the salts and all of the terms.

    `source` is the one that the published version reads.
    """
    dataset, version = listed.dataset, listed.version
    is_owner = dataset.organisation_id in reading.owners
    document = version.document if version else None
    withheld: list[str] = []
    if document is not None and not is_owner:
        document, withheld = withhold_from_others(document)
    return DatasetOut.model_validate(
        {
            "id": dataset.id,
            "organisation_id": dataset.organisation_id,
            "organisation": listed.owner.handle,
            "handle": dataset.handle,
            "state": dataset.state,
            "version": dataset.version,
            "document": document,
            "withheld": withheld,
            "draft": dataset.draft.document if dataset.draft and is_owner else None,
            "digest": version.digest if version else None,
            "salt": version.salt if version and is_owner else None,
            "source": _source_of(listed) if is_owner else None,
            "published_at": version.published_at if version else None,
            "content_version": source.content_version if source else None,
            "refreshed_at": source.refreshed_at if source else None,
            "withdrawal": dataset.withdrawal if is_owner else None,
        }
    )


def _source_of(listed: Listed) -> UUID | None:
    """The source of a dataset's published version, or of its draft before the first."""
    if listed.version is not None:
        return listed.version.source_id
    return listed.dataset.draft.source if listed.dataset.draft is not None else None
