"""The verbs of owners' modules: submit one, and check whether a dataset may name one."""

from uuid import UUID

from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.policy_modules import queries
from exchange.policy_modules.errors import ModuleRefused
from exchange.policy_modules.models import Module
from exchange.policy_modules.schemas import NewModule
from ledger import entries
from policies.owner_rules.checker import Checker
from policies.owner_rules.modules import Diagnostic, OwnerModule


async def submit(work: Work, new: NewModule) -> Module:
    """Check a module, run its tests and store it. A module that is stored already is returned. Raises ModuleRefused."""
    organisation = await participants.organisation(work.session, new.organisation)
    work.permit("module", "submit", organisation.id)
    module = OwnerModule(new.module, new.tests)
    stored = await queries.find_module(work.session, organisation.id, module.digest)
    if stored is not None:
        return stored
    await work.pause()
    result = await work.runtime[Checker].check(module, owner=str(organisation.id))
    checked_by = work.runtime[Checker].name
    if result.diagnostics:
        errors = [_to_json(diagnostic) for diagnostic in result.diagnostics]
        raise ModuleRefused("Correct the module at the places in `errors`.", errors=errors)
    row = Module(
        organisation_id=new.organisation,
        digest=module.digest,
        files={path: content.decode() for path, content in module.bundle.files.items()},
        tests=len(result.tests),
        checked_by=checked_by,
        accepted_at=work.runtime.clock.now(),
    )
    work.session.add(row)
    work.entry(
        entries.ModuleAccepted,
        about=("module", module.digest),
        organisation=str(new.organisation),
        tests=row.tests,
        checked_by=checked_by,
    )
    return row


async def faults_in(work: Work, digest: str | None, *, owner: UUID, at: str) -> list[dict[str, str]]:
    """The errors of terms that name a module: the dataset's owner has to have a module of that digest."""
    if digest is None:
        return []
    module = await queries.find_module(work.session, owner, digest)
    if module is None:
        return [{"at": at, "error": "the dataset's owner has no such module; POST /api/v1/policy-modules takes one"}]
    try:
        queries.parse_module(module.files, digest)
    except queries.ModuleAltered as error:
        return [{"at": at, "error": str(error)}]
    return []


def _to_json(diagnostic: Diagnostic) -> dict[str, str]:
    return {"at": diagnostic.at, "error": diagnostic.error}
