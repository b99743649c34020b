"""Changes of law or duty: an update is due in 10 working days, and its clock waits for the authority's review (Article 17)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from exchange.calendar.hooks import DeadlineDependents
from exchange.calendar.tasks import sweep
from exchange.kernel.clock import SettableClock
from exchange.settings import Settings
from tests.support.catalogue.departments import Department, draft
from tests.support.exchanges.exchange import Exchange, assessment
from tests.support.exchanges.filled import start_filled

NOON = datetime(2031, 3, 5, 4, 0, tzinfo=UTC)
"""A Wednesday, later than the database's own time."""
WEEKDAYS = (
    "INSERT INTO work_calendar (day, is_workday, nth, source, loaded_at) SELECT day, extract(isodow FROM day) < 6, "
    "1000000 + count(*) FILTER (WHERE extract(isodow FROM day) < 6) OVER (ORDER BY day), 'a year without holidays', now() "
    "FROM generate_series('2031-01-01'::date, '2031-12-31', '1 day') AS day"
)
CHANGE = {"cause": "duty", "document": "浙编〔2026〕12号", "changed_on": "2031-03-04", "reason": "新增一项职责"}


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOON)


@pytest.fixture
async def department(settings: Settings, clock: SettableClock) -> AsyncIterator[Department]:
    async with start_filled(settings, fill, clock=clock) as department:
        yield department


async def fill(exchange: Exchange) -> Department:
    await exchange.runtime.database.pool.execute(WEEKDAYS)
    department = await draft(exchange)
    filing = await department.file()
    assert (await department.review(filing, "publication")).status == 200
    return department


async def state_change(department: Department, **changes: Any) -> dict[str, Any]:
    answer = await department.act("change", CHANGE | changes)
    assert answer.status == 201, answer.content.decode()
    change: dict[str, Any] = answer.json
    return change


async def read_change(department: Department, change: dict[str, Any]) -> dict[str, Any]:
    target = f"/api/v1/catalogue-changes/{change['id']}"
    read: dict[str, Any] = await department.exchange.call_ok(department.owner.steward, "GET", target)
    return read


async def extend(department: Department, change: dict[str, Any], days: int = 5, *, by: Any = None) -> Any:
    document = {"days": days, "consent": "浙数局函〔2026〕7号"}
    target = f"/api/v1/catalogue-changes/{change['id']}/extension"
    return await department.exchange.call(by or department.authority, "POST", target, document)


async def test_an_update_is_due_ten_working_days_after_the_change(department: Department) -> None:
    change = await state_change(department)
    assert (change["state"], change["update"]["due"]) == ("due", "2031-03-18")
    entry = (await department.exchange.read_entries())[-1]
    assert (entry["type"], entry["changed_on"], "浙编" in str(entry)) == ("dataset.change_stated", "2031-03-04", False)
    future = await department.act("change", CHANGE | {"changed_on": "2031-12-01"})
    assert future.problem == "request-invalid"


async def test_only_the_authority_extends_it_and_once(department: Department) -> None:
    change = await state_change(department)
    assert (await extend(department, change, by=department.owner.steward)).problem == "role-missing"
    assert (await extend(department, change, days=6)).problem == "extension-refused"
    extended = await extend(department, change)
    assert (extended.json["state"], extended.json["update"]["due"]) == ("extended", "2031-03-25")
    assert (await extend(department, change, days=1)).problem == "conflict"
    entry = (await department.exchange.read_entries())[-2]
    assert (entry["type"], entry["days"], entry["last_day"]) == ("dataset.change_extended", 5, "2031-03-25")


async def test_the_clock_waits_for_the_review_and_ends_with_the_version(
    department: Department, clock: SettableClock
) -> None:
    change = await state_change(department)
    assert (await department.redraft()).status == 200
    filing = await department.file()
    assert (await read_change(department, change))["state"] == "filed"
    clock.move(timedelta(days=2))
    assert (await department.review(filing, "return", {"reason": "x"})).status == 200
    back = await read_change(department, change)
    assert (back["state"], back["update"]["paused_at"], back["update"]["due"] > "2031-03-18") == ("due", None, True)
    filing = await department.file()
    assert (await department.review(filing, "publication")).json["version"] == 2
    done = await read_change(department, change)
    assert (done["state"], done["version"]) == ("updated", 2)
    runtime = department.exchange.runtime
    outcomes = await runtime.database.pool.fetch("SELECT outcome FROM deadlines WHERE clock = 'catalog_update'")
    assert [row["outcome"] for row in outcomes] == ["updated"]


@pytest.mark.parametrize("day", ["0001-01-01", "2003-12-31"])
async def test_a_day_before_the_calendar_is_refused(department: Department, day: str) -> None:
    answer = await department.act("change", CHANGE | {"changed_on": day})
    assert (answer.status, answer.json["errors"][0]["at"]) == (422, "body/changed_on")
    assert "2004-01-01" in answer.json["errors"][0]["error"]


async def test_what_was_filed_before_a_change_does_not_answer_it(department: Department) -> None:
    await department.redraft()
    filing = await department.file()
    change = await state_change(department)
    assert (await department.review(filing, "publication")).json["version"] == 2
    assert (await read_change(department, change))["state"] == "due"


async def test_a_replaced_filing_makes_the_update_due_again(department: Department) -> None:
    change = await state_change(department)
    await department.redraft()
    await department.file()
    await department.redraft()
    assert (await read_change(department, change))["state"] == "due"


async def test_an_overdue_update_is_on_the_ledger_and_stays_overdue_when_it_is_filed(
    department: Department, clock: SettableClock
) -> None:
    change = await state_change(department)
    await department.redraft()
    for verb, document in (("assessment", {"secrecy": assessment()}), ("consent", None)):
        await department.act_ok(verb, document)
    clock.move(datetime(2031, 3, 19, 4, 0, tzinfo=UTC) - clock.now())
    runtime = department.exchange.runtime
    async with runtime.database.sessions() as session:
        await sweep(session, runtime[DeadlineDependents], clock.now())
    entries = [body for body in await department.exchange.read_entries() if body["type"] == "deadline.overdue"]
    assert [(body["clock"], body["responsible"]) for body in entries] == [("catalog_update", department.owner.id)]
    assert (await extend(department, change)).problem == "deadline-passed"
    await department.act_ok("filing")
    late = await read_change(department, change)
    assert (late["state"], late["update"]["overdue_at"] is not None) == ("filed", True)


async def test_a_withdrawal_ends_the_update(department: Department) -> None:
    change = await state_change(department)
    await department.act_ok("withdrawal", {"reason": "并入"})
    assert (await read_change(department, change))["state"] == "withdrawn"


async def test_others_have_no_such_duty(exchange: Exchange) -> None:
    enterprise = await exchange.admit("enterprise", kind="enterprise", level="none")
    dataset = await exchange.publish_dataset(enterprise, await exchange.register_file(enterprise, b"a,b\n1,2\n"), "d")
    target = f"/api/v1/datasets/{dataset['id']}/change"
    assert (await exchange.call(enterprise.steward, "POST", target, CHANGE)).problem == "conflict"
