"""Records: renewed, transferred in part and whole, changed, cancelled, restricted, lapsed, and who has which right."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event

from exchange.calendar.counting import day_of
from exchange.rights.lifecycle import RECORD_FREE
from exchange.rights.queries import holders_of
from exchange.rights.terms import move
from tests.support.sharing.registering import APPLICATIONS, PROOF, RECORDS, WHY, RegisteringExchange

SEIZED = {"statement": "（2093）浙01执12号", "evidence": [PROOF]}


async def carry_out(exchange: RegisteringExchange, record: dict[str, Any], kind: str, document: Any) -> Any:
    """Apply about a record of the owner, and take the application to its end."""
    application = await exchange.act_ok("owner", f"{RECORDS}/{record['id']}/{kind}", document)
    return await exchange.review(await exchange.go_on(application))


async def read(exchange: RegisteringExchange, record: dict[str, Any]) -> Any:
    return (await exchange.records("owner", record["code"]))[0]


@contextmanager
def counted(exchange: RegisteringExchange) -> Iterator[list[str]]:
    """The statements that the exchange's sessions execute during the block."""
    statements: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    engine = exchange.runtime.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", keep)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", keep)


def live(record: dict[str, Any]) -> set[str]:
    return {held["right"] for held in record["rights"] if held["ended_at"] is None}


async def holders(exchange: RegisteringExchange, right: Any) -> list[str]:
    """Who has a right over the dataset now, by registration code."""
    async with exchange.runtime.database.sessions() as session:
        views = await holders_of(session, UUID(exchange.dataset["id"]), right, day_of(exchange.now))
    return [view.code for view in views]


async def test_a_transfer_leaves_nothing_of_what_is_transferred(registering: RegisteringExchange) -> None:
    record = await registering.register()
    to_other = {"transferee": registering.codes["other"], "contract": PROOF, **WHY}
    part = await carry_out(registering, record, "transfers", to_other | {"rights": ["OPERATE"]})
    [made] = await registering.records("other")
    assert part["records"] == [made["code"]]
    assert (live(made), made["valid_until"]) == ({"OPERATE"}, record["valid_until"])
    seller = await read(registering, record)
    assert (seller["state"], live(seller)) == ("valid", {"HOLD", "USE"})
    assert await holders(registering, "OPERATE") == [made["code"]]
    again = await registering.act("owner", f"{RECORDS}/{record['id']}/transfers", to_other | {"rights": ["OPERATE"]})
    assert (again.problem, again.json["errors"][0]["at"]) == ("rights-form-invalid", "body/rights")
    await carry_out(registering, record, "transfers", to_other | {"rights": ["HOLD", "USE"]})
    assert (await read(registering, record))["state"] == "transferred"
    entry = [body for body in await registering.read_entries() if body["type"] == "rights_record.transferred"]
    assert entry[0]["rights"] == []
    assert await holders(registering, "HOLD") == [(await registering.records("other"))[1]["code"]]


async def test_a_transfer_needs_its_other_side(registering: RegisteringExchange) -> None:
    record = await registering.register()
    document = {"transferee": registering.codes["other"], "rights": ["USE"], "contract": PROOF, **WHY}
    application = await registering.act_ok("owner", f"{RECORDS}/{record['id']}/transfers", document)
    refused = await registering.act("owner", f"{APPLICATIONS}/{application['id']}/filing")
    assert refused.json["lacking"] == ["the confirmation of every party"]
    second = await registering.act("owner", f"{RECORDS}/{record['id']}/cancellations", {"reason": "request", **WHY})
    assert second.problem == "conflict"
    own = await registering.act(
        "owner", f"{RECORDS}/{record['id']}/transfers", document | {"transferee": registering.codes["owner"]}
    )
    assert own.json["errors"][0]["at"] == "body/transferee"
    stranger = await registering.act("other", f"{RECORDS}/{record['id']}/transfers", document)
    assert stranger.problem == "not-found"


async def test_what_a_record_describes_is_changed_and_it_is_cancelled(registering: RegisteringExchange) -> None:
    record = await registering.register()
    refused = await registering.act("owner", f"{RECORDS}/{record['id']}/changes", WHY | {"source_type": "derived"})
    assert refused.problem == "request-invalid"
    await carry_out(registering, record, "changes", {"summary": "按周汇总", **WHY})
    changed = await read(registering, record)
    assert (changed["document"]["summary"], live(changed)) == ("按周汇总", live(record))
    assert changed["digest"] != record["digest"]
    await carry_out(registering, record, "cancellations", {"reason": "destroyed", **WHY})
    assert (await read(registering, record))["state"] == "cancelled"
    assert await holders(registering, "USE") == []


async def test_a_stranger_reads_what_is_to_change_and_of_which_record(registering: RegisteringExchange) -> None:
    records = [await registering.register() for _ in range(3)]
    transfer = {"transferee": registering.codes["other"], "rights": ["USE"], "contract": PROOF, **WHY}
    requests = {
        "transfers": transfer,
        "changes": {"summary": "按周汇总", **WHY},
        "cancellations": {"reason": "request", **WHY},
    }
    asked = []
    for record, (kind, document) in zip(records, requests.items(), strict=True):
        draft = await registering.act_ok("owner", f"{RECORDS}/{record['id']}/{kind}", document)
        target = f"{APPLICATIONS}/{(await registering.go_on(draft))['id']}"
        await registering.act_ok("registrar", f"{target}/acceptance")
        await registering.act_ok("registrar", f"{target}/publicity")
        with counted(registering) as statements:
            shown = json.loads((await registering.send("GET", "/rights/publicity", {})).content)
        asked.append(len(statements))
    assert asked[0] == asked[-1]  # as many statements for one as for three
    assert [each["record"] for each in shown] == [record["code"] for record in records]
    holder = {"code": registering.codes["other"], "name": "other单位", "rights": [{"right": "USE"}]}
    assert [each["rights"] for each in shown] == [[holder], [], []]
    assert [each["changes"] for each in shown] == [{}, {"summary": "按周汇总"}, {"reason": "request"}]
    assert WHY["statement"] not in json.dumps(shown, ensure_ascii=False)


async def test_a_change_is_checked_against_what_the_record_keeps(registering: RegisteringExchange) -> None:
    record = await registering.register()  # its data are of 2025
    target = f"{RECORDS}/{record['id']}/changes"
    for change, at in (
        ({"since": "2026-01-01"}, "body/since"),
        ({"to": "2024-12-31"}, "body/to"),
        ({"frequency": "sometimes"}, "body/frequency"),
    ):
        refused = await registering.act("owner", target, WHY | change)
        assert (refused.problem, [error["at"] for error in refused.json["errors"]]) == ("rights-form-invalid", [at])
    await carry_out(
        registering, record, "changes", {"since": "2026-01-01", "to": "2026-12-31", "frequency": "week", **WHY}
    )
    assert (await read(registering, record))["document"]["frequency"] == "week"


async def test_a_seized_record_changes_only_by_its_release(registering: RegisteringExchange) -> None:
    record = await registering.register()
    document = {"transferee": registering.codes["other"], "rights": ["USE"], "contract": PROOF, **WHY}
    application = await registering.act_ok("owner", f"{RECORDS}/{record['id']}/transfers", document)
    application = await registering.go_on(application)
    await registering.act_ok("registrar", f"{APPLICATIONS}/{application['id']}/acceptance")
    await registering.act_ok("registrar", f"{APPLICATIONS}/{application['id']}/publicity-waiver", WHY)
    assert (await registering.act("owner", f"{RECORDS}/{record['id']}/restriction", SEIZED)).problem == "role-missing"
    seized = await registering.act_ok("registrar", f"{RECORDS}/{record['id']}/restriction", SEIZED)
    assert (seized["state"], seized["statements"][0]["statement"]) == ("restricted", SEIZED["statement"])
    deposit = await registering.act("registrar", f"{APPLICATIONS}/{application['id']}/deposit")
    assert deposit.json["lacking"] == [RECORD_FREE]
    released = await registering.act_ok("registrar", f"{RECORDS}/{record['id']}/release", SEIZED)
    assert released["state"] == "valid"
    await registering.act_ok("registrar", f"{APPLICATIONS}/{application['id']}/deposit")
    assert live(await read(registering, record)) == {"HOLD", "OPERATE"}


async def test_a_renewal_filed_in_time_keeps_the_record_until_it_is_decided(registering: RegisteringExchange) -> None:
    until = (registering.now + timedelta(days=100)).date()
    record = await registering.register(valid_until=until.isoformat())
    await registering.pass_days(98)
    target = f"{RECORDS}/{record['id']}/renewals"
    application = await registering.go_on(await registering.act_ok("owner", target, WHY))
    await registering.pass_days(5)
    pending = await read(registering, record)
    assert (pending["state"], pending["in_force"]) == ("valid", False)
    assert await holders(registering, "USE") == []  # its term is over until the renewal is deposited
    target = f"{APPLICATIONS}/{application['id']}"
    await registering.act_ok("registrar", f"{target}/publicity-waiver", WHY)
    await registering.act_ok("registrar", f"{target}/deposit")
    renewed = await read(registering, record)
    assert renewed["valid_until"] == move(day_of(registering.now), years=5).isoformat()
    assert await holders(registering, "USE") == [record["code"]]


async def test_a_renewal_filed_in_time_is_supplemented_after_the_window(registering: RegisteringExchange) -> None:
    until = (registering.now + timedelta(days=100)).date()
    record = await registering.register(valid_until=until.isoformat())
    await registering.pass_days(98)
    draft = await registering.act_ok("owner", f"{RECORDS}/{record['id']}/renewals", WHY)
    target = f"{APPLICATIONS}/{(await registering.go_on(draft))['id']}"
    await registering.act_ok("registrar", f"{target}/return", {"missing": ["数据样例"]})
    await registering.pass_days(4)  # within the time to supplement, and after the record's last day
    supplemented = await registering.act_ok("owner", f"{target}/supplement")
    assert supplemented["state"] == "filed"
    assert (await read(registering, record))["state"] == "valid"


async def test_the_longest_term_is_five_years(registering: RegisteringExchange) -> None:
    record = await registering.register(valid_until="2199-12-31")
    assert record["valid_until"] == move(day_of(registering.now), years=5).isoformat()


def test_corresponding_days() -> None:
    assert move(date(2096, 2, 29), years=5) == date(2101, 2, 28)
    assert move(date(2093, 8, 31), by_months=-6) == date(2093, 2, 28)
    assert move(date(2093, 12, 15), by_months=1) == date(2094, 1, 15)


async def test_codes_of_a_month_are_numbered_without_gaps(registering: RegisteringExchange) -> None:
    applications = [await registering.file() for _ in range(3)]
    for application in applications:
        await registering.act_ok("registrar", f"{APPLICATIONS}/{application['id']}/acceptance")
        await registering.act_ok("registrar", f"{APPLICATIONS}/{application['id']}/publicity-waiver", WHY)
    targets = [f"{APPLICATIONS}/{application['id']}/deposit" for application in applications]
    deposited = await asyncio.gather(*(registering.act_ok("registrar", target) for target in targets))
    codes = sorted(code for each in deposited for code in each["records"])
    assert [code[-4:] for code in codes] == ["0001", "0002", "0003"]
    assert all(code.startswith(f"QY{day_of(registering.now):%Y%m}") for code in codes)


async def test_an_order_cancels_a_record_also_under_seizure(registering: RegisteringExchange) -> None:
    record = await registering.register()
    await registering.act_ok("registrar", f"{RECORDS}/{record['id']}/restriction", SEIZED)
    order = f"{RECORDS}/{record['id']}/cancellation-order"
    assert (await registering.act("owner", order, SEIZED)).problem == "role-missing"
    cancelled = await registering.act_ok("registrar", order, SEIZED)
    assert (cancelled["state"], cancelled["in_force"], cancelled["verbs"]) == ("cancelled", False, [])


async def test_a_record_whose_last_day_is_over_is_not_transferred_before_its_lapse(
    registering: RegisteringExchange,
) -> None:
    until = (registering.now + timedelta(days=3)).date()
    record = await registering.register(valid_until=until.isoformat())
    document = {"transferee": registering.codes["other"], "rights": ["USE"], "contract": PROOF, **WHY}
    draft = await registering.act_ok("owner", f"{RECORDS}/{record['id']}/transfers", document)
    target = f"{APPLICATIONS}/{(await registering.go_on(draft))['id']}"
    await registering.act_ok("registrar", f"{target}/acceptance")
    await registering.act_ok("registrar", f"{target}/publicity-waiver", WHY)
    registering.clock.move(timedelta(days=4))
    deposit = await registering.act("registrar", f"{target}/deposit")
    assert deposit.json["lacking"] == [RECORD_FREE]
    assert await registering.records("other") == []


async def test_what_would_be_over_at_its_deposit_is_not_deposited(registering: RegisteringExchange) -> None:
    until = (registering.now + timedelta(days=3)).date()
    target = f"{APPLICATIONS}/{(await registering.file(valid_until=until.isoformat()))['id']}"
    await registering.act_ok("registrar", f"{target}/acceptance")
    await registering.act_ok("registrar", f"{target}/publicity-waiver", WHY)
    registering.clock.move(timedelta(days=4))
    assert (await registering.act("registrar", f"{target}/deposit")).json["lacking"] == [RECORD_FREE]
    assert await registering.records("owner") == []
