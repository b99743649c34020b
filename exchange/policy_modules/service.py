"""The verbs of modules: submit one, and look whether a dataset may have it."""

from uuid import UUID

from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.policy_modules import queries
from exchange.policy_modules.errors import ModuleRefused
from exchange.policy_modules.queries import Module
from exchange.policy_modules.schemas import NewModule
from ledger import entries
from policies.owner_rules.checking import Checker
from policies.owner_rules.modules import Fault, OwnerModule


async def submit(work: Work, new: NewModule) -> Module:
    """Check a module, run its tests, and keep it; one that is kept already is given back. Raises ModuleRefused."""
    organisation = await participants.organisation(work.session, new.organisation)
    work.permit("module", "submit", organisation.id)
    module = OwnerModule(new.module, new.tests)
    known = await queries.known(work.session, organisation.id, module.digest)
    if known is not None:
        return known
    await work.pause()
    faults = await work.runtime[Checker].check(module)
    checked_by = work.runtime[Checker].name
    if faults:
        raise ModuleRefused("Correct the module where `errors` says.", errors=[_plain(fault) for fault in faults])
    row = Module(
        organisation_id=new.organisation,
        digest=module.digest,
        files={path: content.decode() for path, content in module.bundle.files.items()},
        tests=len(module.test_lines()),
        checked_by=checked_by,
        accepted_at=work.runtime.clock.now(),
    )
    work.session.add(row)
    work.record(
        entries.ModuleAccepted(
            at=work.now,
            actor=work.principal.actor,
            request=work.request,
            object=entries.Object(kind="module", id=module.digest),
            organisation=str(new.organisation),
            tests=row.tests,
            checked_by=checked_by,
        )
    )
    return row


async def faults_in(work: Work, digest: str | None, *, owner: UUID, at: str) -> list[dict[str, str]]:
    """What is wrong with attaching a module to a dataset of an owner: it has to be there, and its owner's."""
    if digest is None:
        return []
    found = await queries.known(work.session, owner, digest)
    if found is None:
        return [{"at": at, "error": "the dataset's owner has no such module; POST /api/v1/policy-modules takes one"}]
    try:
        queries.of(found.files, digest)
    except queries.ModuleAltered as error:
        return [{"at": at, "error": str(error)}]
    return []


def _plain(fault: Fault) -> dict[str, str]:
    return {"at": fault.at, "error": fault.error}
