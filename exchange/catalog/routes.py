"""The routes of the catalogue."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse

from exchange.catalog import dcat, queries, service
from exchange.catalog import odrl as offers
from exchange.catalog.schemas import (
    CatalogueSearch,
    DatasetOut,
    DatasetSearch,
    NewDataset,
    Policy,
    Publication,
    Withdrawal,
)
from exchange.kernel.web.http import runtime_of
from exchange.kernel.web.openapi import problems
from exchange.kernel.work import Work
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.participants.reading import reading_of
from policies.odrl.writing import MEDIA_TYPE

router = APIRouter(prefix="/api/v1", tags=["catalogue"], route_class=SignedRoute, responses=problems())
public = APIRouter(tags=["catalogue"], responses=problems(public=True))

_CATALOGUE_PAGE = 1000
_PLAIN = Publication()


@public.get("/catalog", response_class=JSONResponse, responses={200: {"content": {dcat.MEDIA_TYPE: {}}}})
async def catalogue(request: Request, search: Annotated[CatalogueSearch, Query()]) -> JSONResponse:
    """The public catalogue as DCAT-AP 3 in JSON-LD, a thousand datasets a page; `hydra:next` links the next page.

    Each dataset's own address has its fields and terms too.
    """
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session:
        listed = await queries.datasets(session, None, search, limit=_CATALOGUE_PAGE + 1)
        refreshed = await service.sources_of(session, listed)
    document = dcat.catalogue(
        listed[:_CATALOGUE_PAGE],
        refreshed,
        search=search.model_dump(mode="json", exclude={"after"}, exclude_none=True),
        url=runtime.settings.public_url,
        operator=runtime.settings.deployment,
        is_cut=len(listed) > _CATALOGUE_PAGE,
    )
    return JSONResponse(document, media_type=dcat.MEDIA_TYPE)


@public.get("/catalog/{dataset_id}", response_class=JSONResponse, responses={200: {"content": {dcat.MEDIA_TYPE: {}}}})
async def catalogued_dataset(request: Request, dataset_id: UUID) -> JSONResponse:
    """One published dataset of the public catalogue, as DCAT-AP 3 in JSON-LD, with its fields and its terms."""
    runtime = runtime_of(request)
    async with runtime.database.sessions() as session:
        listed = await queries.dataset(session, None, str(dataset_id))
        refreshed = await service.sources_of(session, [listed])
    document = dcat.dataset(listed, refreshed, url=runtime.settings.public_url)
    return JSONResponse(document, media_type=dcat.MEDIA_TYPE)


@router.get("/datasets")
async def list_datasets(
    work: SignedWork,
    search: Annotated[DatasetSearch, Query()],
) -> list[DatasetOut]:
    """The published datasets, and those of your organisation."""
    reading = reading_of(work, "dataset")
    page = await queries.datasets(work.session, reading, search, limit=search.limit)
    read = await service.sources_of(work.session, page)
    return [service.dataset_out(listed, reading, read.get(listed.dataset.id)) for listed in page]


@router.post("/datasets", status_code=201)
async def draft_dataset(work: SignedWork, new: NewDataset) -> DatasetOut:
    """Draft a dataset over a source."""
    dataset = await service.draft(work, new)
    return await _out(work, dataset.id)


@router.get("/datasets/{dataset_id}")
async def read_dataset(work: SignedWork, dataset_id: UUID) -> DatasetOut:
    """One dataset."""
    return await _out(work, dataset_id)


@router.get("/datasets/by-handle/{organisation}/{handle}")
async def read_dataset_by_handle(
    work: SignedWork,
    organisation: Annotated[str, Path(max_length=63)],
    handle: Annotated[str, Path(max_length=63)],
) -> DatasetOut:
    """One dataset, by its owner's handle and its own."""
    return await service.read(work, f"{organisation}/{handle}")


@router.put("/datasets/{dataset_id}/draft")
async def redraft_dataset(work: SignedWork, dataset_id: UUID, new: NewDataset) -> DatasetOut:
    """Replace the draft. The handle has to be the dataset's own: it does not change."""
    await service.redraft(work, dataset_id=dataset_id, source_id=new.source, document=new.document, handle=new.handle)
    return await _out(work, dataset_id)


@router.delete("/datasets/{dataset_id}/draft", status_code=204)
async def discard_draft(work: SignedWork, dataset_id: UUID) -> None:
    """Discard the draft. A dataset that was never published goes with it, and its handle is free again."""
    await service.discard_draft(work, dataset_id=dataset_id)


@router.get("/datasets/{dataset_id}/odrl", response_class=JSONResponse, responses={200: {"content": {MEDIA_TYPE: {}}}})
async def read_terms_as_odrl(work: SignedWork, dataset_id: UUID) -> JSONResponse:
    """The terms of one dataset as an ODRL offer in JSON-LD."""
    listed = await queries.dataset(work.session, reading_of(work, "dataset"), str(dataset_id))
    return JSONResponse(offers.offer(work, listed), media_type=MEDIA_TYPE)


@router.put("/datasets/{dataset_id}/draft/odrl")
async def redraft_terms_from_odrl(work: SignedWork, dataset_id: UUID, policy: Policy) -> DatasetOut:
    """Replace the draft's terms by those of an ODRL offer. An offer that terms cannot express is refused as a whole."""
    await offers.redraft(work, dataset_id=dataset_id, policy=policy.root)
    return await _out(work, dataset_id)


@router.post("/datasets/{dataset_id}/publication")
async def publish_dataset(work: SignedWork, dataset_id: UUID, publication: Publication = _PLAIN) -> DatasetOut:
    """Publish the draft as the next version. One that active agreements do not fit needs a body, which states their end."""
    await service.publish(work, dataset_id=dataset_id, publication=publication)
    return await _out(work, dataset_id)


@router.post("/datasets/{dataset_id}/withdrawal")
async def withdraw_dataset(work: SignedWork, dataset_id: UUID, withdrawal: Withdrawal) -> DatasetOut:
    """Withdraw a published dataset. Its agreements end with the same reason, and its handle is free again."""
    await service.withdraw(work, dataset_id=dataset_id, reason=withdrawal.reason)
    return await _out(work, dataset_id)


async def _out(work: Work, dataset_id: UUID) -> DatasetOut:
    await work.session.flush()
    return await service.read(work, str(dataset_id))
