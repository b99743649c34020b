"""The SQL of owners' modules, and a cache of their texts."""

import json
from collections.abc import Sequence
from uuid import UUID

from cachetools import LRUCache
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from exchange.kernel.database import Connection, Database
from exchange.kernel.problems import NotFound
from exchange.policy_modules.models import Module
from policies.owner_rules.form import MODULE, TESTS
from policies.owner_rules.modules import OwnerModule
from policies.owner_rules.narrowing_engine import ModuleMissing

_CACHE_SIZE = 100


class ModuleAltered(ModuleMissing):
    """The stored text of a module has another digest: somebody changed it in the database."""


async def list_modules(
    session: AsyncSession, organisation: UUID, *, after: str | None = None, limit: int = 100
) -> Sequence[Module]:
    """The modules of an organisation without their texts, oldest first; `after` is the last digest of the page before."""
    own = Module.organisation_id == organisation
    order = (Module.accepted_at, Module.digest)
    statement = select(Module).options(defer(Module.files, raiseload=True)).where(own).order_by(*order).limit(limit)
    if after is not None:
        last = select(*order).where(own, Module.digest == after).subquery()
        statement = statement.where(tuple_(*order) > select(last).scalar_subquery())
    return (await session.execute(statement)).scalars().all()


async def find_module(session: AsyncSession, organisation: UUID, digest: str) -> Module | None:
    """An organisation's module by its digest, or None."""
    return await session.get(Module, (organisation, digest))


async def get_module(session: AsyncSession, organisation: UUID, digest: str) -> Module:
    """An organisation's module by its digest. Raises NotFound."""
    module = await find_module(session, organisation, digest)
    if module is None:
        raise NotFound("There is no such module, or none that you may see; GET /api/v1/policy-modules lists yours.")
    return module


async def load_module(connection: Connection, organisation: UUID, digest: str) -> OwnerModule:
    """The text of an owner's module. Raises ModuleMissing, ModuleAltered."""
    files = await connection.fetchval(
        "SELECT files::text FROM policy_modules WHERE organisation_id = $1 AND digest = $2", organisation, digest
    )
    if files is None:
        raise ModuleMissing("the owner has no module of this digest")
    return parse_module(json.loads(files), digest)


def parse_module(files: object, digest: str) -> OwnerModule:
    """The module in the stored files. Raises ModuleAltered where their digest is another."""
    if isinstance(files, dict) and files.keys() == {MODULE, TESTS}:
        module = OwnerModule(str(files[MODULE]), str(files[TESTS]))
        if module.digest == digest:
            return module
    raise ModuleAltered("the stored text of the module has another digest")


class ModuleCache:
    """A cache of modules by owner and digest, for one process. The content of a digest never changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._modules: LRUCache[tuple[str, str], OwnerModule] = LRUCache(maxsize=_CACHE_SIZE)

    async def find(self, owner: str, digest: str) -> OwnerModule:
        """An owner's module. Raises ModuleMissing, ModuleAltered, or what the database raises."""
        module = self._modules.get((owner, digest))
        if module is None:
            async with self._database.pool.acquire() as connection:
                module = await load_module(connection, UUID(owner), digest)
            self._modules[owner, digest] = module
        return module
