"""Times and identifiers that every answer has: their quick forms are the plain ones."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import RFC_4122, UUID

from hypothesis import example, given
from hypothesis import strategies as st

from exchange.kernel.clock import rfc3339
from exchange.kernel.identifiers import as_id, new_id, new_id_text

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=3, minutes=30))])

FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 - hypothesis adds the zones


@given(st.datetimes(FIRST, LAST, timezones=ZONES))
@example(datetime(2026, 1, 1, tzinfo=UTC))
@example(datetime(2026, 1, 1, microsecond=10, tzinfo=UTC))
def test_a_time_has_six_digits_of_its_second_and_reads_back(at: datetime) -> None:
    text = rfc3339(at)
    assert text == at.astimezone(UTC).strftime(f"{at.astimezone(UTC).year:04}-%m-%dT%H:%M:%S.%fZ")
    assert datetime.fromisoformat(text) == at


def test_both_forms_of_an_identifier_are_of_version_7_and_canonical() -> None:
    made = [new_id(), UUID(new_id_text()), new_id(), UUID(new_id_text())]
    assert len(set(made)) == len(made)
    assert {(each.version, each.variant) for each in made} == {(7, RFC_4122)}
    assert as_id(new_id_text()) is not None
