"""Terms as ODRL offers: shown to everyone who sees the dataset, and read from its owner as part of a draft."""

from typing import Any
from uuid import UUID

from pydantic import ValidationError

from exchange.catalog import queries, service
from exchange.catalog.errors import DatasetInvalid, NotExpressibleInOdrl
from exchange.catalog.models import Dataset
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.terms.checks import faults_of
from exchange.catalog.terms.schemas import Terms
from exchange.catalog.view import Listed, draft_of
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from exchange.participants.reading import reading_of
from policies.odrl.reading import OdrlRefused, read_terms
from policies.odrl.writing import NotExpressible, write_offer


def address(url: str, dataset: UUID) -> str:
    """The IRI of a dataset's offer, which is its address."""
    return f"{url}/api/v1/datasets/{dataset}/odrl"


def offer(work: Work, listed: Listed) -> dict[str, Any]:
    """The published terms as a principal may see them; before the first version, the draft's, for the owner.

    Raises NotFound, NotExpressibleInOdrl.
    """
    out = service.dataset_out(listed, reading_of(work, "dataset"), None)
    document = out.document or out.draft
    if document is None:
        raise NotFound("The dataset has no terms yet.")
    try:
        return write_offer(
            document.terms.model_dump(mode="json"),
            uid=address(work.runtime.settings.public_url, out.id),
            dataset=str(out.id),
            owner=str(out.organisation_id),
            withheld=out.withheld,
        )
    except NotExpressible as error:
        raise NotExpressibleInOdrl("Read the terms with the dataset, as JSON.", state=out.state) from error


async def redraft(work: Work, *, dataset_id: UUID, policy: Any) -> Dataset:
    """Replace the terms of the draft by those of an offer; without a draft, begin one from the published version.

    Raises NotFound, Forbidden, NotExpressibleInOdrl, and DatasetInvalid, which names the place in the offer or the
    term.
    """
    dataset = await queries.own_dataset(work.session, work.principal, dataset_id)
    work.permit("dataset", "draft", dataset.organisation_id)
    draft = draft_of(dataset)
    if draft is not None:
        source, plain = draft.source, draft.document
    else:
        version = await queries.version(work.session, dataset)
        source, plain = version.source_id, version.document
    if plain["terms"].get("module") is not None:  # an offer has no module, so it would silently remove this one
        raise NotExpressibleInOdrl("Draft the terms as JSON, with the module or without it.", state=dataset.state)
    try:
        terms = Terms.model_validate(read_terms(policy, dataset=str(dataset.id), owner=str(dataset.organisation_id)))
    except OdrlRefused as error:
        raise DatasetInvalid(
            "Use only what terms can express; `errors` names the place in the policy.",
            errors=[{"at": error.pointer, "error": error.reason}],
        ) from error
    except ValidationError as error:
        raise DatasetInvalid("Correct the terms where `errors` points.", errors=faults_of(error, at="terms")) from error
    document = DatasetDocument.model_validate(plain).model_copy(update={"terms": terms})
    return await service.redraft(work, dataset_id=dataset_id, source_id=source, document=document)
