"""Conditions over the rows of tests/support/adapter_rows.py: every operator, and any nesting."""

from typing import Any

from hypothesis import strategies as st

from adapters.plan.condition import All_, Any_, Comparison, Condition, Not_
from tests.support.adapter_rows import FIELDS, ROWS

TYPES = {field.name: field.type for field in FIELDS}


def constants_of(name: str) -> list[Any]:
    return [value for value in dict.fromkeys(row[name] for row in ROWS) if value is not None]


OPS = ["eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in", "prefix", "is_null"]


CASES = [
    (name, op)
    for name, kind in TYPES.items()
    for op in OPS
    if not (op == "prefix" and kind != "string") and not (kind == "boolean" and op in ("lt", "lte", "gt", "gte"))
]


def _comparisons() -> st.SearchStrategy[Condition]:
    def of(case: tuple[str, str]) -> st.SearchStrategy[Condition]:
        name, op = case
        known = st.sampled_from(constants_of(name))
        if op == "is_null":
            return st.builds(Comparison, st.just(name), st.just(op), st.booleans())
        if op in ("in", "not_in"):
            return st.builds(Comparison, st.just(name), st.just(op), st.lists(known, max_size=4).map(tuple))
        return st.builds(Comparison, st.just(name), st.just(op), known)

    return st.sampled_from(CASES).flatmap(of)


CONDITIONS = st.recursive(
    _comparisons(),
    lambda parts: st.one_of(
        st.builds(Not_, parts),
        st.builds(All_, st.lists(parts, max_size=3).map(tuple)),
        st.builds(Any_, st.lists(parts, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
