"""From a question and a decision to a plan: what the policy obliges and what the caller wants become one query."""

import base64
import hashlib
from binascii import Error as NotBase64
from collections.abc import Sequence
from typing import Any

import orjson

from adapters.plan import (
    Column,
    Comparison,
    Condition,
    Mask,
    Plan,
    PlanError,
    all_of,
    check,
    condition_from_json,
    mask_from_json,
    plan_to_json,
)
from exchange.delivery.errors import CursorInvalid, FilterInvalid
from exchange.delivery.facts import Decided, Offer
from exchange.delivery.schemas import DeliveryRequest, Filter
from exchange.kernel.sealing import Seal, SealBroken
from policies.documents import Obligations


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


def plan_for(
    *, request: DeliveryRequest, offer: Offer, decided: Decided, agreement: str, limit: int, seal: Seal
) -> Plan:
    """The plan of an allowed delivery: at most `limit` rows. Raises FilterInvalid, CursorInvalid."""
    where = decided.where
    if request.filters:
        wanted = all_of(*(_comparison(one) for one in request.filters))
        try:
            where = all_of(where, check(Plan(columns=decided.columns[:1], where=wanted), offer.fields).where)
        except PlanError as error:
            raise FilterInvalid("Correct the filter where `errors` says.", errors=[_place(error)]) from error
    order = offer.key if request.limit is not None or request.cursor is not None else ()
    plan = Plan(columns=decided.columns, where=where, limit=limit, order=order)
    if request.cursor is None:
        return plan
    position = open_cursor(request.cursor, plan=plan, offer=offer, agreement=agreement, seal=seal)
    return Plan(plan.columns, plan.where, plan.limit, position, plan.order)


def _mask(mask: dict[str, Any] | None, key: bytes) -> Mask | None:
    if mask is None:
        return None
    return mask_from_json(mask, key=key if mask["kind"] == "hash" else None)


def _comparison(one: Filter) -> Comparison:
    value: Any = tuple(one.value) if isinstance(one.value, list) else one.value
    return Comparison(one.field, one.op, value)


def _place(error: PlanError) -> dict[str, str]:
    return {"at": f"filters{error.pointer.removeprefix('/where').removeprefix('/all')}", "error": error.reason}


def digest(plan: Plan, *, offer: Offer, agreement: str, nonce: str) -> str:
    """The digest of a plan for the ledger.

    The request's nonce goes in first: a filter's value can be a person's, and a digest of that alone could be guessed.
    """
    document = {"agreement": agreement, "dataset": str(offer.dataset), "version": offer.version, **plan_to_json(plan)}
    hashed = hashlib.sha256(nonce.encode() + b"\0")
    hashed.update(orjson.dumps(document, option=orjson.OPT_SORT_KEYS, default=str))
    return hashed.hexdigest()


def _question(plan: Plan, offer: Offer, agreement: str) -> bytes:
    """What a cursor belongs to: the same rows of the same version under the same agreement, however many at a time."""
    document = {**plan_to_json(plan), "limit": None, "agreement": agreement, "version": offer.version}
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS, default=str)).digest()


def close_cursor(position: str, *, plan: Plan, offer: Offer, agreement: str, seal: Seal) -> str:
    """A position as a cursor: sealed, since it can hold values of the rows, and bound to its question."""
    sealed = seal.close(_question(plan, offer, agreement) + position.encode(), name=f"cursor/{offer.dataset}")
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_cursor(cursor: str, *, plan: Plan, offer: Offer, agreement: str, seal: Seal) -> str:
    """The position in a cursor that was given for this question. Raises CursorInvalid."""
    question = _question(plan, offer, agreement)
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        plain = seal.open(sealed, name=f"cursor/{offer.dataset}")
    except (NotBase64, ValueError, SealBroken) as error:
        raise CursorInvalid("Take the cursor from `next` of the answer before, unchanged.") from error
    if plain[: len(question)] != question:
        raise CursorInvalid("The cursor was given for another question, version or agreement; ask without one.")
    return plain[len(question) :].decode()
