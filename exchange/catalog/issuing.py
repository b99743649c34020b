"""Issue a draft as the next version of its dataset: checked again, with its entry. Publication and review both end here."""

from typing import Any, Literal
from uuid import UUID

from exchange.catalog import queries
from exchange.catalog.changes import service as changes
from exchange.catalog.checks import faults_against_source, faults_in_document
from exchange.catalog.dependents import DatasetDependents, NextVersion
from exchange.catalog.errors import DatasetInvalid
from exchange.catalog.lineage import service as lineage
from exchange.catalog.models import Dataset, DatasetVersion
from exchange.catalog.schemas import DatasetDocument, Publication
from exchange.catalog.terms.checks import faults_in_assessments
from exchange.catalog.view import Draft
from exchange.kernel.commitments import commitment
from exchange.kernel.problems import Conflict
from exchange.kernel.work import Work
from exchange.policy_modules import service as modules
from exchange.sources import queries as sources
from exchange.sources.view import SourceView
from ledger import entries
from ledger.format import canonical

CORRECT = "Correct the member `document` where `errors` points."


async def faults_in_inputs(
    work: Work, document: DatasetDocument, *, owner: UUID, dataset: UUID | None
) -> list[dict[str, str]]:
    """The faults of the datasets that a document of `dataset` is derived from; None for a dataset that is new."""
    faults = await lineage.faults_in_cycle(work.session, document, dataset=dataset)
    return faults or await work.runtime[DatasetDependents].faults_in(work, document, owner)


async def plain_document(work: Work, document: DatasetDocument, *, owner: UUID, dataset: UUID | None) -> dict[str, Any]:
    """The document of a dataset as JSON, once it is checked; `dataset` is None for a new one. Raises DatasetInvalid."""
    faults = faults_in_document(document)
    faults += faults_in_assessments(document.assessments, work.runtime.clock.now())
    faults += await modules.faults_in(work, document.terms.module, owner=owner, at="terms/module")
    faults += await faults_in_inputs(work, document, owner=owner, dataset=dataset)
    if faults:
        raise DatasetInvalid(CORRECT, errors=faults)
    plain = document.model_dump(mode="json")
    try:
        canonical.dumps(plain)
    except canonical.NotCanonical as error:
        raise DatasetInvalid(CORRECT, errors=[{"at": error.pointer, "error": error.reason}]) from error
    return plain


def check_source(document: DatasetDocument, source: SourceView) -> None:
    """Check that a source has the document's fields. Raises DatasetInvalid."""
    faults = faults_against_source(document, source.fields)
    if faults:
        raise DatasetInvalid(CORRECT, errors=faults)


async def issue(
    work: Work,
    dataset: Dataset,
    draft: Draft,
    publication: Publication,
    *,
    how: Literal["reviewed", "no-authority"] | None,
    filing: UUID | None = None,
) -> DatasetVersion:
    """Make a draft the next version of its dataset, which is locked.

    `how` states on the ledger how a department's version came into the catalogue; None for others. The updates end that
    waited for `filing`, or without one all that are due. Raises Conflict, DatasetInvalid, and the problems of
    DatasetDependents.
    """
    # Locked, so that until the commit nobody withdraws it or uploads another file.
    source = await sources.locked_source(work.session, dataset.organisation_id, draft.source)
    if source.state != "ready":
        raise Conflict("The source has to be read first: upload its file.", state=source.state)
    document = DatasetDocument.model_validate(draft.document)
    plain = await plain_document(work, document, owner=dataset.organisation_id, dataset=dataset.id)
    check_source(document, source)
    if dataset.version:
        before = DatasetDocument.model_validate((await queries.version(work.session, dataset)).document)
        following = NextVersion(dataset.id, dataset.version + 1, before, document, publication)
        await work.runtime[DatasetDependents].check_publication(work, following)
    version = DatasetVersion(
        dataset_id=dataset.id,
        version=dataset.version + 1,
        source_id=source.id,
        document=plain,
        digest=commitment(plain, salt=draft.salt),
        salt=draft.salt,
        published_at=work.runtime.clock.now(),
    )
    work.session.add(version)
    inputs = await lineage.record(work, version, document)
    dataset.version = version.version
    dataset.state = "published"
    dataset.draft = None
    assessments = document.assessments.plain()
    work.entry(
        entries.DatasetPublished,
        about=("dataset", dataset.id),
        version=version.version,
        document=version.digest,
        level=document.effective_level,
        sharing=document.sharing.attribute,
        assessments={name: commitment(assessment, salt=version.salt) for name, assessment in assessments.items()},
        filing=how,
        derived_from=inputs or None,
    )
    await changes.settle(work, dataset.id, version=version.version, filing=filing)
    return version
