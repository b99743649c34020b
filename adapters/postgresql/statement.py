"""Plans as SELECT statements for PostgreSQL, composed once per shape of plan.

Each statement verifies that the columns it names have the types that they had when it was composed, in the same snapshot
in which it reads: otherwise a table whose types change would give values that mean something else. And it bounds the
bytes that a page, or a row, may have.

A consumer repeats a request thousands of times with other constants. So a statement's text depends on the shape of its
plan alone (columns, masks, the condition without its constants) and is cached by it: a repeated request only converts its
constants, and the driver has the statement prepared.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from cachetools import LRUCache

from adapters.contract import PAGE_BYTES, SourceError
from adapters.plan.condition import All_, Comparison, Condition, Not_, PlanError
from adapters.plan.dialect import Parameters, column_sql, condition_sql, hmac_pads
from adapters.plan.masks import Constant, Partial, Prefix
from adapters.plan.plan import ROW_NUMBER, Column, Field, Plan, check, typed_value
from adapters.postgresql.relation import Relation
from adapters.postgresql.source import CHANGED, TOO_LARGE
from adapters.postgresql.types import PgDialect, literal

ROW_BYTES: Final = 2**24

_STATEMENTS: Final = 500
_TYPES: Final = (
    "SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ',' ORDER BY a.attnum) "
    "FROM pg_attribute a"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A composed SELECT. It binds `mask_values`, then the constants, the position and the limit.

    A point read (`is_point`) selects one row by the whole key. It binds one more value, a number, and returns it as its
    last column.
    """

    names: tuple[str, ...]
    sql: str
    mask_values: tuple[Any, ...]
    is_point: bool


class Statements:
    """The statements of one relation. Those with `is_arrow` return decimals without a declared scale as text.

    `described` are the fields that were published: a column that has another type now is not read.
    """

    def __init__(self, relation: Relation, described: Sequence[Field] | None = None) -> None:
        self.relation = relation
        self._described = {field.name: field.type for field in described} if described is not None else None
        self._fields = relation.fields
        self._cache: LRUCache[Any, Statement] = LRUCache(_STATEMENTS)

    def prepare(
        self, plan: Plan, *, limit: int | None, is_paged: bool = False, is_arrow: bool = False
    ) -> tuple[Statement, list[Any]]:
        """The statement for a plan, and the values it binds. `limit` replaces the plan's.

        The value beside follows the columns, and with `is_paged` the key that the plan sorts by, as text. Raises PlanError.
        """
        constants: list[Comparison] = []
        where = _shape(plan.where, constants) if plan.where is not None else None
        # Constant(True) == Constant(1), yet they are cast to different types.
        types = tuple(type(column.mask.value) for column in plan.columns if isinstance(column.mask, Constant))
        shape = (
            plan.columns,
            types,
            where,
            plan.order,
            plan.shuffle,
            plan.beside,
            plan.offset_after is None,
            limit is None,
            is_paged,
            is_arrow,
        )
        try:  # hashing a shape costs most of this, and `get` would do it twice
            statement = self._cache[shape]
        except KeyError:
            statement = self._cache[shape] = self._compose(plan, limit, is_paged=is_paged, is_arrow=is_arrow)
        values = list(statement.mask_values)
        try:
            values += [self._convert(comparison) for comparison in constants]
        except PlanError:
            check(plan, self._fields)  # raises with the pointer, which the conversion above does not know
            raise
        if plan.offset_after is not None:
            values += _read_position(plan.offset_after, plan.order)
        if limit is not None:
            values.append(limit)
        return statement, values

    def _convert(self, comparison: Comparison) -> Any:
        column, value = self.relation.columns[comparison.field], comparison.value
        if comparison.op in ("in", "not_in"):
            return column.bindable([typed_value(column.type, item, "") for item in value], comparison.op)
        return column.bindable(typed_value(column.type, value, ""), comparison.op)

    def _compose(self, plan: Plan, limit: int | None, *, is_paged: bool, is_arrow: bool) -> Statement:
        relation = self.relation
        names = {*(column.name for column in (*plan.columns, *_beside(plan))), *_fields_of(plan.where), *plan.order}
        is_point = is_paged and _is_point(plan.where, relation.key)
        hashed = _hashed(relation) if plan.shuffle is not None and not is_point else ()
        names.update(hashed)
        self._verify(names)
        plan = check(replace(plan, limit=limit), self._fields)
        if plan.order and plan.order != relation.key:
            if self._described is not None:  # the order is the key that was described
                raise SourceError("source-changed", "the table's key is another one now")
            raise PlanError("/order", "rows can be sorted by the key only")
        dialect, parameters = PgDialect(relation.columns), Parameters()
        shown = (*plan.columns, *_beside(plan))
        selected = [self._select(column, dialect, parameters, is_arrow=is_arrow) for column in shown]
        hashes = _hashes(plan.shuffle, hashed, dialect, parameters)
        mask_values = tuple(parameters.values)
        keys = [relation.columns[name] for name in plan.order]
        if is_paged:
            selected += [f"CAST({key.raw} AS text)" for key in keys]
        conditions = [self._unchanged(names)]
        if plan.where is not None:
            conditions.append(condition_sql(plan.where, dialect, parameters))
        if plan.offset_after is not None:
            # A comparison of rows can use the index on the key.
            texts = _read_position(plan.offset_after, plan.order)
            bound = ", ".join(
                f"CAST(CAST({parameters.bind(text)} AS text) AS {key.declared})"
                for key, text in zip(keys, texts, strict=True)
            )
            conditions.append(f"({', '.join(key.raw for key in keys)}) > ({bound})")
        sql = f"FROM {relation.name} AS t WHERE " + " AND ".join(f"({condition})" for condition in conditions)
        ordering = [*(key.raw for key in keys), *hashes]
        if ordering:
            sql += f" ORDER BY {', '.join(ordering)}"
        if limit is not None:
            sql += f" LIMIT {parameters.bind(limit)}"
        if is_point:
            selected.append(f"CAST({parameters.bind(0)} AS integer)")
        wide = [position for position, column in enumerate(plan.columns) if self._is_wide(column)]
        text = _bounded(selected, sql, wide, is_page=is_paged and not is_point and plan.beside is None)
        return Statement(tuple(column.name for column in plan.columns), text, mask_values, is_point)

    def _is_wide(self, column: Column) -> bool:
        if column.mask is not None and not isinstance(column.mask, Partial | Prefix):
            return False
        return self.relation.columns[column.name].is_wide

    def _verify(self, names: Iterable[str]) -> None:
        """Raise SourceError source-changed for a column that is gone, or has another type than was described."""
        described = self._described or {}
        for name in names:
            kind, column = described.get(name), self.relation.columns.get(name)
            if kind is not None and column is None:
                raise SourceError("source-changed", "a described column is gone", f'column "{name}"')
            if kind is not None and column is not None and column.type != kind:
                detail = f"a described column has another type: {column.type} instead of {kind}"
                raise SourceError("source-changed", detail, f'column "{name}"')

    def _unchanged(self, names: set[str]) -> str:
        """A condition that is true for all rows, and fails if a column has another type than the relation's.

        It has no part that depends on a row, so it is evaluated once.
        """
        columns = [column for column in self.relation.columns.values() if column.name in names]
        expected = ",".join(f"{column.name} {column.stated}" for column in columns)
        listed = ", ".join(literal(column.name) for column in columns)
        present = (
            f"{_TYPES} WHERE a.attrelid = CAST({literal(self.relation.name)} AS regclass) "
            f"AND a.attnum > 0 AND NOT a.attisdropped AND a.attname IN ({listed})"
        )
        return f"CAST(CASE WHEN ({present}) = {literal(expected)} THEN 'true' ELSE '{CHANGED}' END AS boolean)"

    def _select(self, column: Column, dialect: PgDialect, parameters: Parameters, *, is_arrow: bool) -> str:
        sql = column_sql(column.name, column.mask, dialect, parameters)
        if is_arrow and column.mask is None and self.relation.columns[column.name].is_text_in_arrow:
            return f"CAST({sql} AS text)"
        return sql


def _bounded(selected: Sequence[str], rest: str, wide: Sequence[int], *, is_page: bool) -> str:
    """A SELECT that fails if a page, or else a row, has too many bytes in the columns at these positions."""
    if not wide:
        return f"SELECT {', '.join(selected)} {rest}"
    size = " + ".join(f"coalesce(octet_length(q.c{position}), 0)" for position in wide)
    size, most = (f"sum({size}) OVER (ROWS UNBOUNDED PRECEDING)", PAGE_BYTES) if is_page else (size, ROW_BYTES)
    named = ", ".join(f"{column} AS c{position}" for position, column in enumerate(selected))
    checked = f"CAST(CASE WHEN {size} > {most} THEN '{TOO_LARGE}' ELSE 'true' END AS boolean)"
    # OFFSET 0 keeps the planner from evaluating each column twice.
    outer = [f"q.c{position}" for position in range(len(selected))]
    outer[wide[-1]] = f"CASE WHEN {checked} THEN {outer[wide[-1]]} END"
    return f"SELECT {', '.join(outer)} FROM (SELECT {named} {rest} OFFSET 0) AS q"  # noqa: S608 - composed above


def _fields_of(condition: Condition | None) -> set[str]:
    """The fields that a condition names."""
    match condition:
        case None:
            return set()
        case Comparison(field, _, _):
            return {field}
        case Not_(part):
            return _fields_of(part)
        case _:
            return set().union(*map(_fields_of, condition.conditions))


def _beside(plan: Plan) -> tuple[Column, ...]:
    """The field whose value follows the columns, in the clear."""
    if plan.beside == ROW_NUMBER:
        raise PlanError("/beside", "the rows of a table have no numbers")
    return (Column(plan.beside),) if plan.beside is not None else ()


def _hashed(relation: Relation) -> tuple[str, ...]:
    """The columns whose values shuffled rows are sorted by: the key, or all where there is none."""
    return relation.key or tuple(relation.columns)


def _hashes(key: bytes | None, names: tuple[str, ...], dialect: PgDialect, parameters: Parameters) -> list[str]:
    """The sort key of shuffled rows: a keyed hash of these columns. Empty for rows that are not shuffled."""
    if key is None or not names:
        return []
    inner, outer = (parameters.bind(pad) for pad in hmac_pads(key))
    texts = ", ".join(dialect.text(name) for name in names)
    return [dialect.hmac(f"concat_ws(chr(31), {texts})", inner, outer)]


def _shape(condition: Condition, constants: list[Comparison]) -> Any:
    """A hashable form of a condition without its constants. Comparisons with one are appended to `constants` in order."""
    match condition:
        case Comparison(field, op, value):
            if op == "is_null":
                return (field, op, value is True)
            constants.append(condition)
            return (field, op)
        case Not_(part):
            return ("not", _shape(part, constants))
        case _:
            parts = [_shape(part, constants) for part in condition.conditions]
            return (type(condition), *parts)


def _is_point(condition: Condition | None, key: tuple[str, ...]) -> bool:
    """Whether a condition selects one row: every field of the key equals a constant."""
    return bool(key) and _fixed_fields(condition).issuperset(key)


def _fixed_fields(condition: Condition | None) -> set[str]:
    """The fields for which a condition allows one value."""
    match condition:
        case Comparison(field, "eq", _):
            return {field}
        case All_(parts):
            return set().union(*map(_fixed_fields, parts))
        case _:
            return set()


def _read_position(position: str, key: tuple[str, ...]) -> list[str]:
    """Read a position: the texts of the key to continue after."""
    if not key:
        raise PlanError("/offset_after", "rows that are not sorted by a key cannot be continued")
    try:
        texts = orjson.loads(position)
    except orjson.JSONDecodeError:
        texts = None
    if isinstance(texts, list) and len(texts) == len(key) and all(isinstance(text, str) for text in texts):
        return texts
    raise PlanError("/offset_after", "this is no position in this table")
