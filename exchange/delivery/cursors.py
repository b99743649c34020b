"""Cursors: where a page ends, sealed for the request for the next one.

A position can hold values of the rows, so a cursor is encrypted; it is bound to its question and counts the rows given.
"""

import base64
import hashlib
from binascii import Error as NotBase64

import orjson

from adapters.plan.plan import Plan, plan_to_json
from exchange.delivery.errors import CursorInvalid
from exchange.delivery.facts import DatasetFacts
from exchange.delivery.stages import Planned
from exchange.kernel.keys.sealing import Seal, SealBroken

_COUNT = 8  # bytes of the number of rows in a cursor


def _binding(plan: Plan, dataset: DatasetFacts, agreement: str) -> bytes:
    """What a cursor is bound to: rows, version and content of the data, and agreement; not the size of pages."""
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
    given = (planned.cap - left).to_bytes(_COUNT)
    plain = _binding(planned.plan, dataset, planned.agreement) + given + position.encode()
    sealed = seal.close(plain, name=f"cursor/{dataset.id}")
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_cursor(cursor: str, *, plan: Plan, dataset: DatasetFacts, agreement: str, seal: Seal) -> tuple[str, int]:
    """The position in a cursor of this question, and the number of rows before it. Raises CursorInvalid."""
    binding = _binding(plan, dataset, agreement)
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        plain = seal.open(sealed, name=f"cursor/{dataset.id}")
    except (NotBase64, ValueError, SealBroken) as error:
        raise CursorInvalid("Take the cursor from `next` of the answer before, unchanged.") from error
    begin = len(binding)
    if plain[:begin] != binding:
        raise CursorInvalid("The cursor belongs to another question, version, file or agreement; ask without one.")
    return plain[begin + _COUNT :].decode(), int.from_bytes(plain[begin : begin + _COUNT])
