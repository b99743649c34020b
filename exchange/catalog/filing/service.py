"""The verbs of filings: assess, consent, file; the authority's publish and return; and what ends a filing."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from exchange.calendar import deadlines
from exchange.calendar import queries as calendar
from exchange.calendar.counting import DeadlineView, Matter
from exchange.catalog import issuing, queries
from exchange.catalog.changes import service as changes
from exchange.catalog.changes.schemas import Due
from exchange.catalog.errors import SecondPersonNeeded
from exchange.catalog.filing import queries as filings
from exchange.catalog.filing.errors import FilingIncomplete
from exchange.catalog.filing.lifecycle import (
    ANOTHER,
    ARTICLES,
    CATALOGUE_ENTRY,
    CLASSIFIED,
    DRAFT,
    IMPACT,
    METHOD,
    REASON,
    SECRECY,
)
from exchange.catalog.filing.models import Filing
from exchange.catalog.filing.schemas import FilingOut, SecrecyAssessment
from exchange.catalog.models import Dataset
from exchange.catalog.schemas import DatasetDocument, Publication
from exchange.catalog.terms.checks import faults_in_assessments
from exchange.catalog.terms.schemas import Assessments
from exchange.catalog.view import Draft, draft_of
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, refusal_of
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from groundwork.lifecycle import Refused, Step
from ledger import entries
from policies.roles.roles import EXCHANGE

REVIEW = "catalog_review"
_PLACES = {
    SECRECY: ("body/secrecy", "state the assessment of secrecy risks"),
    IMPACT: ("document/assessments/impact", "put the impact assessment of the personal information on file"),
    CLASSIFIED: ("document/classification", "state the class of the data in the catalogue"),
    METHOD: ("document/sharing/methods", "state a method of sharing"),
    ANOTHER: ("signer", "another member with the role approver consents"),
    REASON: ("body/reason", "state the reason"),
}


def lacking_in(document: DatasetDocument) -> set[str]:
    """The facts that a document lacks before the head of the department may consent to it."""
    lacking = set()
    if any(field.personal for field in document.fields) and "impact" not in document.assessments.on_file:
        lacking.add(IMPACT)
    if document.classification is None:
        lacking.add(CLASSIFIED)
    if not document.sharing.methods and document.sharing.attribute != "not_shared":
        lacking.add(METHOD)
    return lacking


def _step(state: str, verb: str, *, lacking: set[str] | None = None) -> Step:
    """The step of a verb. Raises Conflict, SecondPersonNeeded, FilingIncomplete."""
    try:
        return CATALOGUE_ENTRY.step(state, verb, ARTICLES.keys() - (lacking or set()))
    except Refused as refused:
        if not refused.lacking:
            raise refusal_of(refused, "A filing", {}) from refused
        if refused.lacking == (ANOTHER,):
            raise SecondPersonNeeded(
                "You drafted or assessed it; another member with the role approver consents."
            ) from None
        errors = [
            {"at": _PLACES[fact][0], "error": f"{_PLACES[fact][1]} ({ARTICLES[fact]})"} for fact in refused.lacking
        ]
        raise FilingIncomplete("Complete what `errors` lists.", errors=errors) from refused


async def _own(work: Work, dataset_id: UUID, verb: str) -> tuple[Dataset, Draft, Filing | None]:
    """A dataset of the principal's organisation with its draft and its open filing, locked."""
    dataset = await queries.own_dataset(work.session, work.principal, dataset_id)
    work.permit("dataset", verb, dataset.organisation_id)
    draft = draft_of(dataset)
    if draft is None or dataset.state == "withdrawn":
        raise Conflict("There is no draft to publish.", state=dataset.state)
    return dataset, draft, await filings.lock_open(work.session, dataset.id)


async def assess(work: Work, *, dataset_id: UUID, assessment: SecrecyAssessment) -> Filing:
    """Put the assessments of a draft on file, and begin its filing. Raises NotFound, Forbidden, Conflict, FilingIncomplete."""
    dataset, draft, filing = await _own(work, dataset_id, "draft")
    document = DatasetDocument.model_validate(draft.document)
    _step(filing.state if filing is not None else DRAFT, "assess", lacking=lacking_in(document))
    now = work.runtime.clock.now()
    faults = faults_in_assessments(Assessments(risk=assessment.secrecy), now)
    if faults:
        raise FilingIncomplete(
            "Correct what `errors` lists.", errors=[{**faults[0], "at": "body/secrecy/concluded_on"}]
        )
    if filing is None:
        filing = Filing(id=new_id(), dataset_id=dataset.id)
        work.session.add(filing)
    filing.state = "assessed"
    filing.document = commitment(draft.document, salt=draft.salt)
    filing.secrecy, filing.salt = assessment.secrecy.model_dump(mode="json"), new_salt()
    filing.assessed_by, filing.assessed_at = work.principal.id, now
    filing.consented_by = filing.consented_at = filing.filed_by = filing.filed_at = None
    filing.reason = filing.reviewed_by = filing.reviewed_at = filing.publication = None
    impact = document.assessments.plain().get("impact")
    work.entry(
        entries.DatasetAssessed,
        about=("dataset", dataset.id),
        filing=str(filing.id),
        document=filing.document,
        secrecy=commitment(filing.secrecy, salt=filing.salt),
        impact=commitment(impact, salt=draft.salt) if impact is not None else None,
    )
    return filing


async def consent(work: Work, *, dataset_id: UUID) -> Filing:
    """Consent to an assessed draft as the head of the sharing office.

    Where the organisation separates its duties, somebody else drafted and assessed it. Raises NotFound, Forbidden, Conflict,
    SecondPersonNeeded.
    """
    dataset, draft, filing = await _own(work, dataset_id, "consent")
    owner = await participants.organisation(work.session, dataset.organisation_id)
    is_same = filing is not None and work.principal.id in (draft.by, filing.assessed_by)
    lacking = {ANOTHER} if owner.separates_duties and is_same else set()
    filing = _advance(filing, "consent", lacking)
    filing.consented_by, filing.consented_at = work.principal.id, work.runtime.clock.now()
    work.entry(entries.DatasetConsented, about=("dataset", dataset.id), filing=str(filing.id), document=filing.document)
    return filing


def _advance(filing: Filing | None, verb: str, lacking: set[str] | None = None) -> Filing:
    """Take a step of a filing. Raises Conflict where there is no filing."""
    step = _step(filing.state if filing is not None else DRAFT, verb, lacking=lacking)
    if filing is None:  # never so: no verb but `assess` leads out of a draft
        raise Conflict("The draft is not assessed yet.", state=DRAFT)
    filing.state = step.target
    return filing


async def file(work: Work, *, dataset_id: UUID, publication: Publication) -> Filing:
    """File a draft for the authority's review; where this exchange has no authority, it is published at once.

    `publication` states what becomes of agreements that the version does not fit. Raises NotFound, Forbidden, Conflict,
    SecondPersonNeeded, DatasetInvalid, and the problems of DatasetDependents.
    """
    dataset, draft, filing = await _own(work, dataset_id, "publish")
    filing = _advance(filing, "file")
    now = work.runtime.clock.now()
    filing.filed_by, filing.filed_at = work.principal.id, now
    filing.publication = publication.model_dump(mode="json")
    owner = await participants.organisation(work.session, dataset.organisation_id)
    is_reviewed = await filings.is_reviewed(work.session, owner)
    await changes.follow_filing(work, dataset.id, filing.id)
    work.entry(
        entries.DatasetFiled,
        about=("dataset", dataset.id),
        filing=str(filing.id),
        document=filing.document,
        review="authority" if is_reviewed else "none",
    )
    if is_reviewed:
        await deadlines.start(
            work.session, Matter("filing", filing.id), REVIEW, parameter=REVIEW, organisation=None, at=now
        )
    else:
        await _publish(work, dataset, draft, filing, publication, how="no-authority")
    return filing


async def _publish(
    work: Work,
    dataset: Dataset,
    draft: Draft,
    filing: Filing,
    publication: Publication,
    *,
    how: Literal["reviewed", "no-authority"],
) -> None:
    version = await issuing.issue(work, dataset, draft, publication, how=how, filing=filing.id)
    _advance(filing, "publish")
    filing.version = version.version


async def publish(work: Work, *, filing_id: UUID) -> Filing:
    """Publish a filed draft as the authority. Raises Forbidden, NotFound, Conflict, DatasetInvalid, AgreementsUnfit."""
    work.permit("filing", "review", EXCHANGE)
    dataset, filing = await filings.lock_filed(work.session, filing_id)
    _step(filing.state, "publish")
    draft = draft_of(dataset)
    if draft is None:  # never so: what ends a draft ends its filing
        raise Conflict("There is no draft to publish.", state=dataset.state)
    await _publish(work, dataset, draft, filing, Publication.model_validate(filing.publication or {}), how="reviewed")
    await _reviewed(work, filing, "published")
    return filing


async def give_back(work: Work, *, filing_id: UUID, reason: str) -> Filing:
    """Return a filed draft to its department, with the reason, as the authority. Raises Forbidden, NotFound, Conflict."""
    work.permit("filing", "review", EXCHANGE)
    dataset, filing = await filings.lock_filed(work.session, filing_id)
    _advance(filing, "return")
    filing.reason = reason
    await _reviewed(work, filing, "returned")
    await changes.follow_end(work, dataset.id, filing.id, "return")
    work.entry(
        entries.DatasetReturned,
        about=("dataset", dataset.id),
        filing=str(filing.id),
        document=filing.document,
        reason=commitment(reason, salt=filing.salt),
    )
    return filing


async def _reviewed(work: Work, filing: Filing, outcome: str) -> None:
    filing.reviewed_by, filing.reviewed_at = work.principal.id, work.runtime.clock.now()
    await deadlines.stop(work.session, Matter("filing", filing.id), REVIEW, at=filing.reviewed_at, outcome=outcome)


async def end(work: Work, dataset_id: UUID, verb: Literal["redraft", "discard", "withdraw"]) -> None:
    """End the open filing of a dataset, which is locked, if it has one: its draft is replaced, discarded or withdrawn."""
    filing = await filings.lock_open(work.session, dataset_id)
    if filing is None:
        return
    _advance(filing, verb)
    if verb != "withdraw":
        await changes.follow_end(work, dataset_id, filing.id, verb)
    await deadlines.stop(
        work.session, Matter("filing", filing.id), REVIEW, at=work.runtime.clock.now(), outcome=filing.state
    )


async def out(work: Work, rows: Sequence[tuple[Filing, Dataset]]) -> list[FilingOut]:
    """Filings as a principal that may see them sees them."""
    matters = [Matter("filing", filing.id) for filing, _ in rows]
    clocks = await calendar.deadlines_of(work.session, matters)
    return [_out(filing, dataset, clocks[matter]) for (filing, dataset), matter in zip(rows, matters, strict=True)]


def _out(filing: Filing, dataset: Dataset, clocks: Sequence[DeadlineView]) -> FilingOut:
    columns = {
        name: getattr(filing, name) for name in FilingOut.model_fields if name != "document" and hasattr(filing, name)
    }
    draft, verbs = draft_of(dataset), CATALOGUE_ENTRY.verbs(filing.state)
    running = next((clock for clock in clocks if clock.ended_at is None), None)
    return FilingOut.model_validate(
        {
            **columns,
            "dataset": dataset.id,
            "organisation": dataset.organisation_id,
            "digest": filing.document,
            "verbs": list(verbs),
            "document": draft.document if draft is not None and verbs else None,
            "review": Due.of(running) if running is not None else None,
        }
    )
