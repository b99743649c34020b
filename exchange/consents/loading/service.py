"""The verb of loading: receive a file of decisions, stage its valid rows, and put its digest and root on the ledger."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from adapters.plan.condition import PlanError
from adapters.plan.plan import typed_value
from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.consents.deletions import service as deletions
from exchange.consents.loading import queries
from exchange.consents.loading.merging import sealed_name
from exchange.consents.loading.reading import Format, LookUp, Reader, Rules
from exchange.consents.models import ConsentLoad, ConsentNotice
from exchange.consents.notices import queries as notices
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict
from exchange.kernel.work import Work
from exchange.participants.door.signed import check_body
from exchange.participants.reading import Reading
from exchange.subjects.identity import SubjectKey, as_sent, scheme_of, subject_keys
from exchange.subjects.numbers import Lookups
from ledger import entries

_BLOCK = 1 << 20


async def load(
    work: Work, *, notice_id: UUID, chunks: AsyncIterator[bytes], headers: Mapping[str, str], file_format: Format
) -> ConsentLoad:
    """Receive a file of decisions under a notice. The same file again is the same load.

    What arrived of a file that does not come whole is removed. Raises NotFound, Forbidden, Conflict, RequestMalformed, and
    the problem of `check_body`.
    """
    notice = await notices.own_notice(work.session, work.principal.organisation, notice_id)
    work.permit("consent", "load", notice.controller_id, side="the owner of the data")
    _, scope = await notices.notice(work.session, Reading(everything=True), notice_id)
    if scope.closed_at is not None:
        raise Conflict("The notice is closed: nobody consents under it any more.", state="closed")
    identifier = new_id()
    reader = await _open_reader(work, notice, identifier, file_format)
    await work.pause()
    async with work.runtime.database.pool.acquire() as connection:
        await queries.begin(connection, identifier, notice_id, work.principal.organisation, work.runtime.clock.now())
    try:
        digest = await _receive(work, identifier, reader, chunks)
        check_body(headers.get("content-digest"), digest)
        before = await queries.received_before(work.session, notice_id, digest.hex())
        if before is None:
            return await _keep(work, notice_id, identifier, reader, digest)
    except BaseException:
        await asyncio.shield(_drop(work, identifier))
        raise
    await _drop(work, identifier)
    return before


async def _open_reader(work: Work, notice: ConsentNotice, identifier: UUID, file_format: Format) -> Reader:
    listed = await catalog.any_dataset(work.session, str(notice.dataset_id))
    if listed.version is None:
        raise Conflict("The dataset has no version.", state=listed.dataset.state)
    keys = subject_keys(DatasetDocument.model_validate(listed.version.document))
    if notice.identified_by not in keys:
        raise Conflict(
            "The dataset's present version does not identify people by the notice's field.", state="published"
        )
    rules = Rules(
        since=notice.in_use_since,
        now=work.runtime.clock.now(),
        term=timedelta(days=notice.term_days),
        is_written=notice.document["written"],
        is_for_children="children_rules" in notice.document,
        keeps_withdrawing=await deletions.has_identifiers(work, notice),
    )
    field = keys[notice.identified_by]
    lookups = Lookups(work.runtime.seal, scheme_of(notice.controller_id, field))

    def close(row: int, text: str) -> bytes:
        return work.runtime.seal.close(text.encode(), name=sealed_name(identifier, row))

    return Reader(file_format, rules, look_up_of(lookups, field), close)


def look_up_of(lookups: Lookups, field: SubjectKey) -> LookUp:
    """The look-up of an identifier in the text or the type of a field. It raises PlanError."""

    def of(value: Any) -> bytes:
        lookup = lookups.of_value(typed_value(field.type, as_sent(field, value), "/person"))
        if lookup is None:
            raise PlanError("/person", f"an identifier of the scheme {field.identifier} is needed")
        return lookup

    return of


async def _receive(work: Work, identifier: UUID, reader: Reader, chunks: AsyncIterator[bytes]) -> bytes:
    """Stage the rows of a file as it arrives: the file's SHA-256. Reading runs in a thread, a block at a time."""
    digest, piece, block = hashlib.sha256(), 0, bytearray()

    async def stage(*, is_last: bool) -> int:
        content = bytes(block)
        block.clear()
        rows = await asyncio.to_thread(_read, reader, content, is_last)
        pieces = reader.take_pieces()
        async with work.runtime.database.pool.acquire() as connection:
            await queries.stage(connection, identifier, rows)
            await queries.keep_pieces(connection, identifier, piece, pieces)
            await queries.keep_rejects(connection, identifier, reader.take_rejects())
        return len(pieces)

    async for chunk in chunks:
        digest.update(chunk)
        block += chunk
        if len(block) >= _BLOCK:
            piece += await stage(is_last=False)
    piece += await stage(is_last=True)
    return digest.digest()


def _read(reader: Reader, content: bytes, is_last: bool) -> list[tuple[Any, ...]]:  # noqa: FBT001 - for a thread
    rows: list[tuple[Any, ...]] = list(reader.feed(content))
    return [*rows, *reader.end()] if is_last else rows


async def _keep(work: Work, notice_id: UUID, identifier: UUID, reader: Reader, digest: bytes) -> ConsentLoad:
    notice = await notices.own_notice(work.session, work.principal.organisation, notice_id)
    own = Reading(owners=frozenset({work.principal.organisation}))
    row = await queries.load_row(work.session, own, identifier)
    row.state, row.digest, row.root = "received", digest.hex(), reader.tree.root().hex()
    row.rows, row.staged, row.bad = reader.rows, reader.tree.size, reader.bad
    row.bad_rows = [{"row": bad.row, "reason": bad.reason} for bad in reader.reported]
    row.received_at = work.runtime.clock.now()
    work.entry(
        entries.ConsentsLoaded,
        about=("consent_notice", notice.id),
        bad=row.bad,
        content=row.digest,
        count=row.staged,
        dataset=str(notice.dataset_id),
        load=str(row.id),
        root=row.root,
    )
    return row


async def _drop(work: Work, identifier: UUID) -> None:
    async with work.runtime.database.pool.acquire() as connection:
        await queries.drop(connection, identifier)
