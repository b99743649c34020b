"""What is asked of the database about modules."""

import json
from collections import OrderedDict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from exchange.kernel.database import Connection, Database
from exchange.kernel.problems import NotFound
from exchange.policy_modules.models import Module as Module
from policies.owner_rules.modules import MODULE, TESTS, OwnerModule
from policies.owner_rules.narrowed import ModuleMissing

_KEPT = 100


class ModuleAltered(ModuleMissing):
    """What is kept under the digest of a module is another: somebody changed it in the database."""


async def modules(
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


async def known(session: AsyncSession, organisation: UUID, digest: str) -> Module | None:
    """A module of an organisation; None where it has none of that digest."""
    return await session.get(Module, (organisation, digest))


async def module(session: AsyncSession, organisation: UUID, digest: str) -> Module:
    """A module of an organisation. Raises NotFound."""
    found = await known(session, organisation, digest)
    if found is None:
        raise NotFound("There is no such module, or none that you may see; GET /api/v1/policy-modules lists yours.")
    return found


async def kept(connection: Connection, organisation: UUID, digest: str) -> OwnerModule:
    """The module of an owner. Raises ModuleMissing, ModuleAltered."""
    found = await connection.fetchval(
        "SELECT files::text FROM policy_modules WHERE organisation_id = $1 AND digest = $2", organisation, digest
    )
    if found is None:
        raise ModuleMissing("the module is not kept here")
    return of(json.loads(found), digest)


def of(files: object, digest: str) -> OwnerModule:
    """The module in files as they are kept. Raises ModuleAltered where they are not what the digest names."""
    if isinstance(files, dict) and files.keys() == {MODULE, TESTS}:
        module = OwnerModule(str(files[MODULE]), str(files[TESTS]))
        if module.digest == digest:
            return module
    raise ModuleAltered("what is kept as the module is not what its digest names")


class Shelf:
    """The modules that one process has asked for, by owner and digest. What a digest names does not change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found: OrderedDict[tuple[str, str], OwnerModule] = OrderedDict()

    async def find(self, owner: str, digest: str) -> OwnerModule:
        """The module of an owner. Raises ModuleMissing, ModuleAltered, or what the database raises."""
        place = (owner, digest)
        module = self._found.get(place)
        if module is None:
            async with self._database.pool.acquire() as connection:
                module = await kept(connection, UUID(owner), digest)
            self._found[place] = module
            if len(self._found) > _KEPT:
                self._found.popitem(last=False)
        self._found.move_to_end(place)
        return module
