"""The verb that narrows an agreement: at once, by its owner, and for good."""

from typing import Any
from uuid import UUID

from pydantic import ValidationError

from exchange.agreements import queries
from exchange.agreements.lifecycle import RUNNING
from exchange.agreements.models import Agreement, AgreementNarrowing
from exchange.agreements.schemas import Narrowing
from exchange.agreements.service import UNUSABLE, for_policy
from exchange.agreements.view import AgreementView
from exchange.catalog import queries as catalog
from exchange.catalog.checks import fields_of
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.terms.checks import (
    faults_in_condition,
    faults_in_masks,
    faults_in_strictness,
    faults_of,
)
from exchange.catalog.terms.checks import for_policy as terms_for_policy
from exchange.kernel.clock import rfc3339
from exchange.kernel.commitments import commitment, new_salt
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, RequestInvalid
from exchange.kernel.work import Work
from ledger import entries
from ledger.format import canonical

_MOST = 50
_CORRECT = "A narrowing takes away from what the agreement grants; correct what `errors` lists."


async def narrow(work: Work, *, agreement_id: UUID, narrowing: Narrowing) -> Agreement:
    """Narrow an agreement: fewer fields, stricter masks, fewer rows, an earlier end. It holds from now on.

    Raises NotFound, Forbidden, Conflict, RequestInvalid.
    """
    agreement = await queries.locked(work, agreement_id)
    work.permit("agreement", "narrow", agreement.provider_id)
    if agreement.state not in RUNNING:
        raise Conflict("Only an agreement that has not ended can be narrowed.", state=agreement.state)
    if agreement.contract is not None:
        raise Conflict(
            "Both sides signed what the agreement grants. Suspend it, or terminate its order; do not narrow it."
        )
    earlier = (await queries.narrowings(work.session, [agreement.id]))[agreement.id]
    if len(earlier) >= _MOST:
        raise Conflict(f"It was narrowed {_MOST} times; conclude a new agreement instead.", state=agreement.state)
    [view] = await queries.views(work.session, [agreement])
    listed = await catalog.any_dataset(work.session, str(agreement.dataset_id))
    if listed.version is None:
        raise Conflict("The dataset is not published.", state=listed.dataset.state)
    document = DatasetDocument.model_validate(listed.version.document)
    faults = _faults(narrowing, view, document)
    if narrowing.not_after is not None and narrowing.not_after <= work.runtime.clock.now():
        faults.append({"at": "not_after", "error": "this time is over; terminate the agreement instead"})
    if faults:
        raise RequestInvalid(_CORRECT, errors=faults)
    row = _row(work, agreement, narrowing)
    work.session.add(row)
    await work.session.flush()
    [view] = await queries.views(work.session, [agreement])
    try:
        for_policy(view, terms_for_policy(document.terms))
    except ValidationError as error:
        raise RequestInvalid(UNUSABLE, errors=faults_of(error, at="agreement")) from error
    work.entry(
        entries.AgreementNarrowed,
        about=("agreement", agreement.id),
        consumer=str(agreement.consumer_id),
        dataset=str(agreement.dataset_id),
        lane=agreement.lane,
        document=row.digest,
    )
    return agreement


def _faults(narrowing: Narrowing, view: AgreementView, document: DatasetDocument) -> list[dict[str, str]]:
    """List the parts of a narrowing that do not narrow the agreement, or fit no field of the published version."""
    described = fields_of(document)
    faults = [
        {"at": f"without/{index}", "error": f'the agreement does not grant the field "{name}"'}
        for index, name in enumerate(narrowing.without)
        if name not in view.fields
    ]
    if not set(view.fields) - set(narrowing.without) and not view.answers:
        faults.append({"at": "without", "error": "no field would be left; terminate the agreement instead"})
    faults += [
        {"at": f"masks/{name}", "error": f'the agreement does not grant the field "{name}"'}
        for name in narrowing.masks
        if name not in view.fields
    ]
    faults += faults_in_masks(narrowing.masks, described)
    faults += faults_in_strictness(narrowing.masks, than=view.masks)
    faults += faults_in_condition(narrowing.row_filter, described)
    if narrowing.row_cap is not None and narrowing.row_cap >= view.row_cap:
        faults.append({"at": "row_cap", "error": f"the agreement has {view.row_cap} rows; name fewer"})
    if narrowing.not_after is not None and narrowing.not_after >= view.not_after:
        faults.append(
            {"at": "not_after", "error": f"the agreement ends at {rfc3339(view.not_after)}; name an earlier time"}
        )
    return faults


def _row(work: Work, agreement: Agreement, narrowing: Narrowing) -> AgreementNarrowing:
    """The row of a narrowing, with the salted digest of its document. Raises RequestInvalid."""
    salt, now = new_salt(), work.runtime.clock.now()
    not_after = narrowing.not_after
    document: dict[str, Any] = {
        "agreement": str(agreement.id),
        "masks": narrowing.masks,
        "not_after": rfc3339(not_after) if not_after is not None else None,
        "reason": narrowing.reason,
        "row_cap": narrowing.row_cap,
        "row_filter": narrowing.row_filter,
        "without": list(narrowing.without),
    }
    try:
        digest = commitment(document, salt=salt)
    except canonical.NotCanonical as error:
        raise RequestInvalid(UNUSABLE, errors=[{"at": error.pointer, "error": error.reason}]) from error
    return AgreementNarrowing(
        id=new_id(),
        agreement_id=agreement.id,
        without=list(narrowing.without),
        masks=narrowing.masks,
        row_filter=narrowing.row_filter,
        row_cap=narrowing.row_cap,
        not_after=not_after,
        reason=narrowing.reason,
        digest=digest,
        salt=salt,
        narrowed_at=now,
    )
