"""Terms as ODRL offers: shown to whoever sees the dataset, and taken from its owner as part of a draft."""

from typing import Any
from uuid import UUID

from pydantic import ValidationError

from exchange.catalog import queries, service
from exchange.catalog.errors import DatasetInvalid, TermsUnsaid
from exchange.catalog.models import Dataset
from exchange.catalog.queries import Listed
from exchange.catalog.schemas import DatasetDocument
from exchange.catalog.terms.fitting import faults_of
from exchange.catalog.terms.schemas import Terms
from exchange.kernel.problems import NotFound
from exchange.kernel.work import Work
from policies.odrl.reading import OdrlRefused, read_terms
from policies.odrl.writing import NotExpressible, write_offer


def address(url: str, dataset: UUID) -> str:
    """The IRI of a dataset's offer, which is where it is read."""
    return f"{url}/api/v1/datasets/{dataset}/odrl"


def offer(work: Work, listed: Listed) -> dict[str, Any]:
    """The published terms as a principal may see them; before the first version, the draft's, for the owner.

    Raises NotFound, TermsUnsaid.
    """
    out = service.dataset_out(listed, work.principal)
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
        raise TermsUnsaid("Read the terms with the dataset, as JSON.", state=out.state) from error


async def redraft(work: Work, *, dataset_id: UUID, policy: Any) -> Dataset:
    """Put the terms of an offer into the draft, or into one begun from the published version.

    Raises TermsUnsaid, and DatasetInvalid, which names the place in the offer that terms cannot express, or the wrong term.
    """
    dataset = await queries.own_dataset(work.session, work.principal, dataset_id)
    work.permit("dataset", "draft", dataset.organisation_id)
    if dataset.draft is not None:
        source, plain = UUID(dataset.draft["source"]), dataset.draft["document"]
    else:
        version = await queries.version(work.session, dataset)
        source, plain = version.source_id, version.document
    if plain["terms"].get("module") is not None:  # an offer without it would take it away unsaid
        raise TermsUnsaid("Draft the terms as JSON, with the module or without it.", state=dataset.state)
    try:
        found = read_terms(policy, dataset=str(dataset.id), owner=str(dataset.organisation_id))
        terms = Terms.model_validate(found)
    except OdrlRefused as error:
        raise DatasetInvalid(
            "Say it as terms can; `errors` names the place in the policy.",
            errors=[{"at": error.pointer, "error": error.reason}],
        ) from error
    except ValidationError as error:
        raise DatasetInvalid("Correct the terms where `errors` says.", errors=faults_of(error, at="terms")) from error
    document = DatasetDocument.model_validate(plain).model_copy(update={"terms": terms})
    return await service.redraft(work, dataset_id=dataset_id, source_id=source, document=document)
