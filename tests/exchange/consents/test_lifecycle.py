"""The lifecycle of a consent: what its table has to hold; every case of it is tried with all other lifecycles."""

from exchange.consents.lifecycle import ARTICLES, CONSENT, OPEN, UNKNOWN, VALID
from exchange.consents.models import STATES
from groundwork.lifecycle import LAW
from ledger import entries
from ledger.entries.consents import ConsentChanged, ConsentsExpired


def test_the_table_says_what_the_law_says() -> None:
    """Written by hand beside the table, which a test made from it cannot correct."""
    ends = {"refused", "withdrawn", "expired", "revoked", "invalidated"}
    assert CONSENT.ends == ends
    assert set(CONSENT.states) - ends - {UNKNOWN} == OPEN
    for state in VALID:
        assert set(CONSENT.verbs(state)) == {"renew", "withdraw", "revoke", "invalidate", "expire"}
    assert set(CONSENT.verbs("requested")) == {"give", "refuse", "defer"}
    withdraw, refuse = CONSENT.step("given", "withdraw"), CONSENT.step("requested", "refuse")
    assert withdraw.needs == refuse.needs == frozenset(), "withdrawing is as easy as giving (PIPL 15)"
    by_law = [(step.verb, step.target) for step in CONSENT.steps if step.role == LAW]
    assert by_law == [("expire", "expired")], "time alone never makes a consent valid"


def test_every_step_has_an_entry_and_every_need_an_article() -> None:
    of_one = set(entries.types_of(ConsentChanged)) - {
        "consent.expired"
    }  # only in records: its entry is that of a batch
    assert {step.entry for step in CONSENT.steps} == of_one | set(entries.types_of(ConsentsExpired))
    assert set().union(*(step.needs for step in CONSENT.steps)) == ARTICLES.keys()
    assert {f"'{state}'" for state in CONSENT.states if state != UNKNOWN} == set(STATES.split(","))
