"""Paging: a complete answer, read, encoded, on the ledger and signed before its first byte leaves."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson
from fastapi import Response

import signatures
from adapters.contract import Rows, SourceError
from exchange.delivery.formats.answers import MEDIA_TYPES, Format, encode_json_page, encode_page
from exchange.delivery.people.pages import PageRelease
from exchange.delivery.planning import close_cursor
from exchange.delivery.schemas import DeliveryRequest
from exchange.delivery.settings import DeliverySettings
from exchange.delivery.stages import Planned
from exchange.kernel.identifiers import new_id_text
from exchange.kernel.keys.sealing import Seal
from exchange.kernel.problems import RequestInvalid
from exchange.kernel.runtime import Runtime
from exchange.participants.door.answers import signature_headers
from exchange.sources.service import problem_of
from ledger.log import store

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_APPENDS = 5

_NOT_PAGED = (
    "There are more rows than a page has, and they cannot be continued, since the agreement masks or withholds the table's "
    "key. Give a limit, or accept one of the formats that stream."
)


def limit_of(question: DeliveryRequest, form: Format, settings: DeliverySettings) -> int | None:
    """The number of rows of a page; None for a stream. Raises RequestInvalid for a page of JSON that is too long."""
    most = settings.page_rows_max
    if form == "json" and (question.limit or 0) > most:
        raise RequestInvalid(
            "Correct what `errors` lists.",
            errors=[{"at": "limit", "error": f"a page of JSON has at most {most} rows; other formats stream"}],
        )
    if form == "json" or question.cursor is not None or (question.limit is not None and question.limit <= most):
        return min(question.limit or settings.page_rows, most)
    return None


async def page(runtime: Runtime, planned: Planned, form: Format) -> Response:
    """Answer with a page. Raises SourceFailed, SourceUnusable, RequestInvalid, store.Refused."""
    dataset = planned.known.dataset
    release = PageRelease(runtime, planned.ground) if planned.ground is not None else None
    rows = await read(planned, release)
    delivery = new_id_text()
    cursor = next_cursor(rows, planned, seal=runtime.seal)
    is_cut = len(rows.rows) >= planned.left and (rows.is_cut or rows.next is not None)
    if form == "json":
        content = encode_json_page(
            rows,
            delivery=delivery,
            dataset=dataset.reference,
            version=dataset.version,
            content_version=dataset.content_version,
            agreement=planned.agreement,
            cursor=cursor,
            is_cut=is_cut,
        )
    else:
        content = await encode_page(rows, planned.plan, dataset.fields, form)
    hashed = hashlib.sha256(content)
    index = await _append(runtime, planned, release, rows=len(rows.rows), size=len(content), content=hashed.hexdigest())
    headers = {
        "content-digest": signatures.digest_field(hashed.digest()),
        "exchange-entry": str(index),
        "exchange-delivery": delivery,
        **({"exchange-next": cursor} if cursor else {}),
        "exchange-cut-by-row-cap": "?1" if is_cut else "?0",
    }
    signature = signature_headers(status=200, headers=headers, runtime=runtime, signed=planned.sender.signed)
    response = Response(content, media_type=MEDIA_TYPES[form])
    fields = {"cache-control": "no-store", **headers, **signature}
    response.raw_headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
    return response


async def read(planned: Planned, release: PageRelease | None) -> Rows:
    """The rows of a plan, or those of them that are released. Raises SourceFailed, SourceUnusable."""
    adapter, plan = planned.known.dataset.adapter, planned.plan
    try:
        if release is None:
            return await adapter.read(plan)
        if not await release.admits(planned.known.question.filters):
            return Rows(tuple(column.name for column in plan.columns), [], None)
        rows = await adapter.read(plan, release.keep)
    except SourceError as error:
        raise problem_of(error) from error
    release.settle(rows)
    return rows


async def _append(
    runtime: Runtime, planned: Planned, release: PageRelease | None, *, rows: int, size: int, content: str
) -> int:
    """Append the entry of a page; where an epoch has moved since its look-up, once more if its people consent still.

    Raises store.Refused.
    """
    now = runtime.clock.seconds()
    if release is None:
        body = completed(planned, rows=rows, size=size, content=content)
        return await runtime.sequencer.append(planned.submission(body, now=now))
    for is_last in (*[False] * _APPENDS, True):
        fields, people = release.entry(names_one=planned.naming.names_one)
        body = completed(planned, rows=rows, size=size, content=content, about=fields)
        submission = planned.submission(body, now=now, epochs=release.epochs, people=people)
        try:
            return await runtime.sequencer.append(submission)
        except store.EpochMoved:
            if is_last or not await release.still_holds():
                raise
    raise AssertionError("the last try returns or raises")


def next_cursor(rows: Rows, planned: Planned, *, seal: Seal) -> str | None:
    """The cursor of the page after these rows; None at the end of the rows, or of those that the row cap allows.

    Raises RequestInvalid if there are more rows that cannot be continued, and the question has no limit.
    """
    left = planned.left - len(rows.rows)
    if left <= 0:
        return None
    if rows.next is None:
        if rows.is_cut and planned.known.question.limit is None:
            raise RequestInvalid(_NOT_PAGED, errors=[{"at": "limit", "error": "say how many rows suffice"}])
        return None
    return close_cursor(rows.next, left=left, planned=planned, seal=seal)


def completed(planned: Planned, *, rows: int, size: int, content: str, about: Mapping[str, Any] = NOTHING) -> bytes:
    """The body of a page's entry, as `entries.DeliveryCompleted` prints it; `content` is the hex SHA-256 of `size` bytes.

    `about` are the fields about the people in it.

    Each answer waits for this, so the model is not built (hot path). The exchange makes every value itself, in ASCII
    (identifiers, digests, codes, counts): for these, orjson's sorted output is the canonical form. A test compares both.
    """
    known, sender = planned.known, planned.sender
    principal, dataset = sender.holder.principal, str(known.dataset.id)
    return orjson.dumps(
        {
            "actor": {
                "key": principal.key,
                "organisation": str(principal.organisation),
                "principal": str(principal.id),
            },
            "agreement": planned.agreement,
            "at": known.admitted.asked.at,
            "dataset": dataset,
            "decision": planned.decided.ruling.plain,
            "lane": known.dataset.lane,
            "object": {"id": dataset, "kind": "dataset", "version": known.dataset.version},
            "plan": planned.digest,
            "purpose": known.admitted.purpose,
            "request": {"base": sender.evidence.digest, "signature": sender.evidence.text},
            "result": {
                "bytes": size,
                "columns": len(planned.plan.columns),
                "content": content,
                "rows": rows,
            },
            "type": "delivery.completed",
            **planned.naming.fields,
            **about,
        },
        option=orjson.OPT_SORT_KEYS,
    )
