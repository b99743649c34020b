"""Apply the publication of a version to the agreements over its dataset.

A version that active agreements do not fit is refused, unless its owner states what becomes of them. Each agreement that
the version changes gets a statement, which both sides read. Agreements end with a dataset that is withdrawn.
"""

from uuid import UUID

from exchange.agreements import queries
from exchange.agreements.errors import AgreementsUnfit
from exchange.agreements.fitting import describe_changes, find_misfits
from exchange.agreements.records import record_stop
from exchange.agreements.service import change_by_owner, state
from exchange.catalog.dependents import NextVersion
from exchange.kernel.work import Work
from exchange.participants import queries as participants

_CHOOSE = "Publish a version that fits, or state `unfit` and `reason` in the body: suspend, terminate or keep them."
_LONGEST = 4000


async def check_version(work: Work, version: NextVersion) -> None:
    """Check that the active agreements fit a version, or do with them what its owner states. Raises AgreementsUnfit."""
    rows = await queries.lock_running(work.session, version.dataset)
    views = await queries.views(work.session, rows)
    consumers = await participants.organisations_by_ids(work.session, {row.consumer_id for row in rows})
    faults = {view.id: find_misfits(view, version.after, before=version.before) for view in views}
    unfit = [row for row in rows if row.state == "active" and faults[row.id]]
    choice, reason = version.request.unfit, version.request.reason
    if unfit and choice is None:
        raise AgreementsUnfit.of([(row.id, row.consumer_id, faults[row.id]) for row in unfit], _CHOOSE)
    for row, view in zip(rows, views, strict=True):
        changes = [f'field "{fault.field}": {fault.error}' for fault in faults[row.id]]
        changes += describe_changes(view, consumers[row.consumer_id], before=version.before, after=version.after)
        if changes:
            text = f"Version {version.version} was published: {'; '.join(dict.fromkeys(changes))}"
            if row in unfit and choice == "keep":
                text += f". Kept: {reason}"
            state(work, row, type_="agreement.affected", reason=text[:_LONGEST])
        if row in unfit and choice in ("suspend", "terminate") and reason is not None:
            if choice == "terminate":
                await record_stop(work, row, cause="version")
            await change_by_owner(work, row, verb=choice, reason=reason)


async def end_with_dataset(work: Work, dataset: UUID, reason: str) -> None:
    """Terminate the agreements over a dataset that its owner withdraws, with the owner's reason."""
    for agreement in await queries.lock_running(work.session, dataset):
        await record_stop(work, agreement, cause="withdrawal")
        await change_by_owner(work, agreement, verb="terminate", reason=reason)
