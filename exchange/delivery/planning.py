"""Planning: obligations and question become one query plan, which is all that the source is asked.

Further demands of a decision on rows go into the plan here, and nowhere later: a consent filter is one more
condition of `where`, an aggregate one more kind of column. A cursor continues a plan where a page ended: it is encrypted,
since a position can hold values of the rows, bound to its question, and counts the rows given.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import orjson

from adapters.plan.condition import Comparison, Condition, PlanError, all_of, condition_from_json
from adapters.plan.masks import Mask, mask_from_json
from adapters.plan.plan import Column, Plan, check, check_condition, columns_to_json, plan_to_json, rest_to_json
from exchange.delivery.errors import CursorInvalid, FilterInvalid, denial
from exchange.delivery.facts import DatasetFacts, Facts, Ruling
from exchange.delivery.naming import NOBODY, name_people
from exchange.delivery.schemas import Filter
from exchange.delivery.stages import Decided, Known, Planned
from exchange.kernel.keys.sealing import Seal, SealBroken
from exchange.kernel.runtime import Runtime
from groundwork import base64url
from policies.decision.documents import Obligations

_COUNT_BYTES = 8  # of the number of rows in a cursor


def granted(
    fields: Sequence[str], *, dataset: DatasetFacts, obligations: Obligations, agreement: str
) -> tuple[tuple[Column, ...], Condition | None]:
    """Apply obligations to a dataset: return the columns among `fields` (all if empty) and the condition on rows."""
    masks = {column.name: column.mask for column in obligations.columns}
    names = [name for name in dict.fromkeys(fields) if name in masks] or list(masks)
    key = dataset.mask_keys[agreement]
    columns = tuple(Column(name, _mask(masks[name], key)) for name in names)
    conditions = [condition_from_json(dict(row_filter)) for row_filter in obligations.row_filters]
    return columns, check(Plan(columns=columns, where=all_of(*conditions)), dataset.fields).where


def row_condition(dataset: DatasetFacts, obligations: Obligations) -> Condition | None:
    """The condition on the rows that answers may rest on, checked against the dataset's fields."""
    where = all_of(*(condition_from_json(dict(row_filter)) for row_filter in obligations.row_filters))
    return check_condition(where, dataset.types) if where is not None else None


def sorting(dataset: DatasetFacts, *, obligations: Obligations, agreement: str) -> tuple[str, ...]:
    """Return the fields that pages may be sorted by: the source's key, if the agreement leaves all of it in the clear.

    Rows sorted by a masked or withheld key would disclose much of it. Without an order, a file's rows are continued by
    their numbers, and a table's rows are not continued.
    """
    clear = _clear(dataset, obligations=obligations, agreement=agreement)
    return dataset.key if clear.issuperset(dataset.key) else ()


def shuffling(dataset: DatasetFacts, *, obligations: Obligations, agreement: str) -> bytes | None:
    """The key by which rows are shuffled; None: they come in the source's order.

    In the source's order, rows of two agreements fall together by their position, and so do the pseudonyms of one with the
    clear values of another. So the rows of data about people are shuffled, under a key of the agreement, unless it has the
    clear values of the source's key, or of all fields that identify a person: those join rows anyway.
    """
    personal = {field.name for field in dataset.resource.fields if field.personal}
    clear = _clear(dataset, obligations=obligations, agreement=agreement)
    identifying = set(dataset.source_key) or dataset.subject_keys.keys() or personal
    if not personal or clear.issuperset(identifying):
        return None
    return hmac.digest(dataset.mask_keys[agreement], b"order of rows", "sha256")


def _clear(dataset: DatasetFacts, *, obligations: Obligations, agreement: str) -> set[str]:
    """The fields that an agreement leaves in the clear."""
    terms = dataset.resource.terms
    grant = next(candidate for candidate in dataset.agreements if candidate.id == agreement)
    clear = (set(terms.fields) & set(grant.fields)) - terms.masks.keys() - grant.masks.keys()
    # Only the obligations state which columns an owner's module leaves in the clear.
    if terms.module is not None or grant.module is not None:
        clear &= {column.name for column in obligations.columns if column.mask is None}
    return clear


async def plan(runtime: Runtime, facts: Facts, decided: Decided, *, limit: int | None) -> Planned:
    """Plan an allowed delivery of at most `limit` rows; None: all that the obligations allow.

    Raises the problem of a denial, FilterInvalid, CursorInvalid, SubjectsUnsettled.
    """
    known, ruling = decided.known, decided.ruling
    question, dataset, decision = known.question, known.dataset, ruling.decision
    if not decision.allow or decision.obligations is None or decision.agreement is None:
        raise denial(
            decision, agreements=dataset.agreements, terms=dataset.resource.terms, purpose=known.admitted.purpose
        )
    agreement, cap = decision.agreement, decision.obligations.row_cap
    where = _narrowed(ruling.where, question.filters, dataset) if question.filters else ruling.where
    order = ruling.order if limit is not None and ruling.shuffle is None else ()
    reads = Plan(
        columns=ruling.columns,
        where=where,
        limit=cap if limit is None else min(limit, cap),
        order=order,
        shuffle=ruling.shuffle,
        beside=ruling.ground.field.name if ruling.ground is not None else None,
    )
    left = cap
    if question.cursor is not None:
        position, given = open_cursor(
            question.cursor, plan=reads, dataset=dataset, agreement=agreement, seal=runtime.seal
        )
        left = max(cap - given, 0)
        reads = replace(reads, limit=min(reads.limit or 0, left), offset_after=position)
    names_people = dataset.subject_keys and question.filters
    return Planned(
        decided,
        agreement=agreement,
        plan=reads,
        cap=cap,
        left=left,
        rates=decision.obligations.rates,
        digest=digest(reads, known=known, ruling=ruling, agreement=agreement),
        naming=await name_people(facts, question, dataset) if names_people else NOBODY,
    )


def _narrowed(where: Condition | None, filters: Iterable[Filter], dataset: DatasetFacts) -> Condition | None:
    """The condition with a question's filters. Raises FilterInvalid."""
    checked, faults = [where], []
    for index, condition in enumerate(filters):
        try:
            checked.append(check_condition(_comparison(condition), dataset.types))
        except PlanError as error:
            place = f"filters/{index}{error.pointer.removeprefix('/where')}"
            faults.append({"at": place, "error": f'field "{condition.field}": {error.reason}'})
    if faults:
        raise FilterInvalid("Correct the filters where `errors` says.", errors=faults)
    return all_of(*checked)


def _mask(mask: dict[str, Any] | None, key: bytes) -> Mask | None:
    if mask is None:
        return None
    return mask_from_json(mask, key=key if mask["kind"] == "hash" else None)


def _comparison(condition: Filter) -> Comparison:
    value: Any = tuple(condition.value) if isinstance(condition.value, list) else condition.value
    return Comparison(condition.field, condition.op, value)


def describe_misfit(error: PlanError, plan: Plan) -> str:
    """Describe why a source refuses a plan, with the column; the plan fitted the source at the version's publication."""
    match error.pointer.split("/"):
        case ["", "columns", index, *_]:
            place = f'column "{plan.columns[int(index)].name}"'
        case _:
            place = "its row filter, order or limit"
    return f"The source has changed under the published version: {place}: {error.reason}."


def columns_json(columns: Iterable[Column]) -> orjson.Fragment:
    """The columns' part of a plan's digest. It follows from the decision, so it is encoded once."""
    return orjson.Fragment(orjson.dumps(columns_to_json(columns), option=orjson.OPT_SORT_KEYS))


def digest(plan: Plan, *, known: Known, ruling: Ruling, agreement: str) -> str:
    """The digest of a plan for the ledger: hex SHA-256 of nonce, NUL and plan.

    A filter's value can be a person's, and a digest of it alone could be guessed; the request's nonce prevents that.
    """
    document = {
        "agreement": agreement,
        "columns": ruling.columns_json,
        "dataset": str(known.dataset.id),
        "version": known.dataset.version,
        **({"answers": list(known.answers)} if known.answers else {}),
        **rest_to_json(plan),
    }
    hashed = hashlib.sha256(known.admitted.sender.signed.nonce.encode() + b"\0")
    hashed.update(orjson.dumps(document, option=orjson.OPT_SORT_KEYS, default=str))
    return hashed.hexdigest()


def _binding(plan: Plan, dataset: DatasetFacts, agreement: str) -> bytes:
    """Digest what a cursor is bound to: rows, version and content of the data, and agreement; not the size of pages."""
    document = {
        **plan_to_json(plan),
        "limit": None,
        "agreement": agreement,
        "version": dataset.version,
        "content": dataset.content,
    }
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS, default=str)).digest()


def close_cursor(position: str, *, left: int, planned: Planned, seal: Seal) -> str:
    """The cursor of the page at a position, when the row cap leaves `left` rows."""
    dataset = planned.known.dataset
    given = (planned.cap - left).to_bytes(_COUNT_BYTES)
    plain = _binding(planned.plan, dataset, planned.agreement) + given + position.encode()
    sealed = seal.close(plain, name=f"cursor/{dataset.id}")
    return base64url.encode(sealed)


def open_cursor(cursor: str, *, plan: Plan, dataset: DatasetFacts, agreement: str, seal: Seal) -> tuple[str, int]:
    """The position in a cursor of this question, and the number of rows before it. Raises CursorInvalid."""
    binding = _binding(plan, dataset, agreement)
    try:
        plain = seal.open(base64url.decode(cursor), name=f"cursor/{dataset.id}")
    except (ValueError, SealBroken) as error:
        raise CursorInvalid("Take the cursor from `next` of the answer before, unchanged.") from error
    begin = len(binding)
    if plain[:begin] != binding:
        raise CursorInvalid("The cursor belongs to another question, version, file or agreement; ask without one.")
    return plain[begin + _COUNT_BYTES :].decode(), int.from_bytes(plain[begin : begin + _COUNT_BYTES])
