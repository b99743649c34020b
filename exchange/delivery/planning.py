"""From a question and a decision to a plan: what the policy obliges and what the caller wants become one query."""

import base64
import hashlib
from binascii import Error as NotBase64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from adapters.contract import Rows
from adapters.plan.condition import Comparison, Condition, PlanError, all_of, condition_from_json
from adapters.plan.masks import Mask, mask_from_json
from adapters.plan.plan import Column, Plan, check, check_condition, columns_to_json, plan_to_json, rest_to_json
from exchange.delivery.errors import CursorInvalid, FilterInvalid
from exchange.delivery.facts import Decided, Offer
from exchange.delivery.schemas import DeliveryRequest, Filter
from exchange.kernel.keys.sealing import Seal, SealBroken
from exchange.kernel.problems import RequestInvalid
from policies.decision.documents import Obligations

_COUNT = 8  # bytes of the number of rows in a cursor
_NOT_PAGED = (
    "There are more rows than a page has, and they cannot be continued, since the table's key does not leave in the "
    "clear. Give a limit, or take one of the formats that stream."
)


def granted(
    fields: Sequence[str], *, offer: Offer, obligations: Obligations, agreement: str
) -> tuple[tuple[Column, ...], Condition | None]:
    """What obligations leave of a dataset: the columns among `fields` (all, where none is named), and the rows."""
    masks = {column.name: column.mask for column in obligations.columns}
    names = [name for name in dict.fromkeys(fields) if name in masks] or list(masks)
    key = offer.mask_keys[agreement]
    columns = tuple(Column(name, _mask(masks[name], key)) for name in names)
    conditions = [condition_from_json(dict(one)) for one in obligations.row_filters]
    return columns, check(Plan(columns=columns, where=all_of(*conditions)), offer.fields).where


def sorting(offer: Offer, *, obligations: Obligations, agreement: str) -> tuple[str, ...]:
    """What pages may be sorted by: the source's key, where the agreement leaves all of it in the clear.

    Sorted by a key that is masked or withheld, the rows would tell much of it. Without an order the rows of a file are
    continued by their numbers, and those of a table are not continued.
    """
    terms = offer.resource.terms
    grant = next(one for one in offer.agreements if one.id == agreement)
    clear = (set(terms.fields) & set(grant.fields)) - terms.masks.keys() - grant.masks.keys()
    if terms.module is not None:  # what it leaves in the clear is known of the columns that leave
        clear &= {column.name for column in obligations.columns if column.mask is None}
    return offer.key if clear.issuperset(offer.key) else ()


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and how many rows of its question the row cap still leaves, of which it may be the first page or a later."""

    plan: Plan
    left: int


def plan_for(
    *, request: DeliveryRequest, offer: Offer, decided: Decided, agreement: str, cap: int, limit: int | None, seal: Seal
) -> Planned:
    """The plan of an allowed delivery: at most `limit` rows, and with those of the pages before it at most `cap`.

    Raises FilterInvalid, CursorInvalid.
    """
    where = decided.where
    if request.filters:
        wanted = all_of(*[_comparison(one) for one in request.filters])
        try:
            where = all_of(where, check_condition(wanted, offer.types) if wanted else None)
        except PlanError as error:
            raise FilterInvalid("Correct the filter where `errors` says.", errors=[_place(error)]) from error
    order = decided.order if limit is not None else ()
    plan = Plan(columns=decided.columns, where=where, limit=cap if limit is None else min(limit, cap), order=order)
    if request.cursor is None:
        return Planned(plan, cap)
    position, given = open_cursor(request.cursor, plan=plan, offer=offer, agreement=agreement, seal=seal)
    left = max(cap - given, 0)
    return Planned(replace(plan, limit=min(plan.limit or 0, left), offset_after=position), left)


def _mask(mask: dict[str, Any] | None, key: bytes) -> Mask | None:
    if mask is None:
        return None
    return mask_from_json(mask, key=key if mask["kind"] == "hash" else None)


def _comparison(one: Filter) -> Comparison:
    value: Any = tuple(one.value) if isinstance(one.value, list) else one.value
    return Comparison(one.field, one.op, value)


def _place(error: PlanError) -> dict[str, str]:
    return {"at": f"filters{error.pointer.removeprefix('/where').removeprefix('/all')}", "error": error.reason}


def columns_json(columns: Iterable[Column]) -> orjson.Fragment:
    """The columns as the digest of a plan has them; they follow from the decision, and are written once."""
    return orjson.Fragment(orjson.dumps(columns_to_json(columns), option=orjson.OPT_SORT_KEYS))


def digest(plan: Plan, *, offer: Offer, decided: Decided, agreement: str, nonce: str) -> str:
    """The digest of a plan for the ledger.

    The request's nonce goes in first: a filter's value can be a person's, and a digest of that alone could be guessed.
    """
    document = {
        "agreement": agreement,
        "columns": decided.columns_json,
        "dataset": str(offer.dataset),
        "version": offer.version,
        **rest_to_json(plan),
    }
    hashed = hashlib.sha256(nonce.encode() + b"\0")
    hashed.update(orjson.dumps(document, option=orjson.OPT_SORT_KEYS, default=str))
    return hashed.hexdigest()


def _question(plan: Plan, offer: Offer, agreement: str) -> bytes:
    """What a cursor belongs to: the same rows of the same data and version under the same agreement, in pages of any size."""
    document = {
        **plan_to_json(plan),
        "limit": None,
        "agreement": agreement,
        "version": offer.version,
        "content": offer.content,
    }
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS, default=str)).digest()


def next_cursor(
    rows: Rows, *, request: DeliveryRequest, planned: Planned, cap: int, offer: Offer, agreement: str, seal: Seal
) -> str | None:
    """The cursor of the page after these rows; None at the end of the rows, or of those the row cap allows.

    It is sealed, since a position can hold values of the rows, bound to its question, and counts the rows given so far.
    Raises RequestInvalid where there are more rows, no way to continue, and the caller did not say how many suffice.
    """
    left = planned.left - len(rows.rows)
    if left <= 0:
        return None
    if rows.next is None:
        if rows.is_cut and request.limit is None:
            raise RequestInvalid(_NOT_PAGED, errors=[{"at": "limit", "error": "say how many rows suffice"}])
        return None
    plain = _question(planned.plan, offer, agreement) + (cap - left).to_bytes(_COUNT) + rows.next.encode()
    sealed = seal.close(plain, name=f"cursor/{offer.dataset}")
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_cursor(cursor: str, *, plan: Plan, offer: Offer, agreement: str, seal: Seal) -> tuple[str, int]:
    """The position in a cursor that was given for this question, and the rows given before it. Raises CursorInvalid."""
    question = _question(plan, offer, agreement)
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        plain = seal.open(sealed, name=f"cursor/{offer.dataset}")
    except (NotBase64, ValueError, SealBroken) as error:
        raise CursorInvalid("Take the cursor from `next` of the answer before, unchanged.") from error
    begin = len(question)
    if plain[:begin] != question:
        raise CursorInvalid("The cursor was given for another question, version, file or agreement; ask without one.")
    return plain[begin + _COUNT :].decode(), int.from_bytes(plain[begin : begin + _COUNT])
