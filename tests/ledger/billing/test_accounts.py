"""An entry's place in an account is spliced in front of its body, and read back strictly."""

from typing import Any

import pytest

from ledger.billing import accounts
from ledger.billing.accounts import Link, NotLinked, link_of, splice
from ledger.format import canonical

ACCOUNT = "00000000-0000-4000-8000-00000000000a"
STATED = {"id": ACCOUNT, "n": 1, "prev": "00" * 32}


def test_a_spliced_body_is_canonical_and_has_its_link() -> None:
    link = Link(ACCOUNT, 17, bytes(range(32)))
    body = splice(canonical.dumps({"actor": {}, "type": "delivery.completed"}), link)
    assert body.startswith(accounts.PREFIX)
    assert link_of(canonical.loads(body)) == link
    longest = splice(b'{"a":1}', Link(ACCOUNT, canonical.MAX_INTEGER, bytes(32)))
    assert len(longest) - len(b'{"a":1}') == accounts.OVERHEAD


def test_a_body_without_an_account_has_no_link() -> None:
    assert link_of({"type": "delivery.completed"}) is None


@pytest.mark.parametrize(
    "stated",
    [
        [],
        {"id": ACCOUNT, "n": 1},
        STATED | {"more": 1},
        STATED | {"id": ACCOUNT.upper()},
        STATED | {"id": 7},
        STATED | {"n": 0},
        STATED | {"n": True},
        STATED | {"prev": "00"},
        STATED | {"prev": None},
    ],
)
def test_an_account_of_another_form_is_refused(stated: Any) -> None:
    with pytest.raises(NotLinked):
        link_of({"account": stated})
