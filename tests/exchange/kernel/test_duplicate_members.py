"""A body with a duplicate member is refused in every spelling, and both ways of detecting it agree."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchange.kernel.problems import RequestMalformed
from exchange.kernel.web.http import check_members

_NAMES = st.sampled_from(["a", "b", "a:b", '"', "\\", "人", ""])


class Members(list[tuple[str, Any]]):
    """An object as its text has it: members in order, one name perhaps several times."""


def written(value: Any, *, escaped: bool) -> str:
    """The JSON text of a value."""
    if isinstance(value, Members):
        return (
            "{"
            + ",".join(f"{_name(name, escaped=escaped)}:{written(member, escaped=escaped)}" for name, member in value)
            + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(written(element, escaped=escaped) for element in value) + "]"
    return json.dumps(value, ensure_ascii=escaped)


def _name(name: str, *, escaped: bool) -> str:
    return '"' + "".join(f"\\u{ord(character):04x}" for character in name) + '"' if escaped else json.dumps(name)


def has_twins(value: Any) -> bool:
    """Whether some object in a value names a member twice."""
    if isinstance(value, Members):
        return len({name for name, _ in value}) < len(value) or any(has_twins(member) for _, member in value)
    return isinstance(value, list) and any(map(has_twins, value))


VALUES = st.recursive(
    st.none() | st.integers() | st.floats() | _NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(_NAMES, inner), max_size=3).map(Members),
    max_leaves=8,
)


@given(VALUES, st.booleans())
@example(Members([("a", 10**400), ("a", 1)]), False)  # what one reader cannot take in, another can
@example(Members([("a", float("nan")), ("a", 1)]), False)
@example(Members([("a", ":"), ("b", "\ud800"), ("b", 1)]), True)
def test_an_object_names_a_member_once(value, escaped):
    body = written(value, escaped=escaped).encode()
    if has_twins(value):
        with pytest.raises(RequestMalformed):
            check_members(body)
    else:
        check_members(body)
