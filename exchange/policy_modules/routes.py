"""The HTTP routes of owners' modules."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from exchange.kernel.web.openapi import problems
from exchange.kernel.work import Work
from exchange.participants.door.routes import SignedRoute, SignedWork
from exchange.policy_modules import queries, service
from exchange.policy_modules.schemas import Digest, ModuleOut, ModuleTextOut, NewModule

router = APIRouter(prefix="/api/v1/policy-modules", tags=["catalogue"], route_class=SignedRoute, responses=problems())
Owner = Annotated[UUID | None, Query(description="The organisation that owns the modules; otherwise your own")]


@router.post("", status_code=201)
async def submit_module(work: SignedWork, new: NewModule) -> ModuleOut:
    """Submit a module: it is checked, its tests are run, and it is stored. It takes effect when a dataset's terms name it."""
    return ModuleOut.model_validate(await service.submit(work, new))


@router.get("")
async def list_modules(
    work: SignedWork,
    organisation: Owner = None,
    after: Annotated[Digest | None, Query(description="The last digest of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[ModuleOut]:
    """The modules of an organisation, oldest first."""
    modules = await queries.list_modules(work.session, _owner(work, organisation), after=after, limit=limit)
    return [ModuleOut.model_validate(module) for module in modules]


@router.get("/{digest}")
async def read_module(work: SignedWork, digest: Digest, organisation: Owner = None) -> ModuleTextOut:
    """One module with its text and its tests: for its owner, and for auditors."""
    return ModuleTextOut.model_validate(await queries.get_module(work.session, _owner(work, organisation), digest))


def _owner(work: Work, organisation: UUID | None) -> UUID:
    owner = organisation or work.principal.organisation
    work.permit("module", "read", owner)
    return owner
