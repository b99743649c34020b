"""A deadline is counted over a Saturday that is worked (调休上班)."""

from datetime import date
from typing import Any

from admin.demo.environment import Environment, require
from admin.demo.participants import PLATFORM

_RECEIVED = "2026-02-13T10:00:00+08:00"
_MAKE_UP_DAY = "2026-02-14"
_RULES = ("reply_unconditional", "reply_conditional", "provide")


def count(environment: Environment) -> None:
    """Print the last days of three statutory periods that begin before the Spring Festival."""
    output = environment.output
    output.step("A deadline over a Saturday that is worked", "调休上班日也是工作日")
    with environment.steward(PLATFORM.handle) as client:
        answers = {
            rule: client.request("GET", f"/api/v1/calendar/parameters/{rule}/last-day", params={"at": _RECEIVED}).json()
            for rule in _RULES
        }
        days: list[dict[str, Any]] = client.request("GET", "/api/v1/calendar/years/2026").json()
    make_up = next(day for day in days if day["day"] == _MAKE_UP_DAY)
    require(make_up["is_workday"], f"{_MAKE_UP_DAY} is no working day")
    require(answers[_RULES[0]]["due"] == _MAKE_UP_DAY, "the make-up Saturday was not counted")
    off = sum(not day["is_workday"] for day in days if _MAKE_UP_DAY < day["day"] < "2026-03")
    output.text(
        f"A request is received on {_weekday(_RECEIVED[:10])}. {_weekday(_MAKE_UP_DAY)} is worked, by {make_up['source']}; "
        f"after it {off} weekdays are off."
    )
    output.table(
        ("period", "working days", "last day", "by"),
        [(rule, answer["days"], _weekday(answer["due"]), answer["source"]) for rule, answer in answers.items()],
    )


def _weekday(day: str) -> str:
    return f"{date.fromisoformat(day):%A} {day}"
