"""The verbs of sources: register, upload, withdraw; and the adapter of a source for rooms that read it."""

import errno
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.contract import Adapter, Description, SourceError
from adapters.kind import Described
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, ContentTooLarge, RequestMalformed
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.participants.door.signed import check_body
from exchange.sources import queries, storage
from exchange.sources.dependents import Dependents
from exchange.sources.errors import SourceBusy, SourceFailed, SourceUnusable
from exchange.sources.models import Source
from exchange.sources.readers import Readers, Stored
from exchange.sources.room import Room, full
from exchange.sources.schemas import NewSource
from exchange.sources.settings import SourceSettings
from exchange.sources.view import SourceView
from ledger import entries

# Failures of a source's server. All other codes are about the owner's file, table or options.
_FAILURES = frozenset({"source-unreachable", "source-timeout", "source-failed"})
_SUFFIX_LENGTH = 12
_LOOK_EVERY = 1 << 20  # bytes between two looks at the room that is left
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


def problem_of(error: SourceError) -> SourceBusy | SourceFailed | SourceUnusable:
    """An adapter's error as a problem. Its words hold no values of the data."""
    members: dict[str, Any] = {"code": error.code, **({"where": error.where} if error.where else {})}
    if error.code == "source-busy":
        return SourceBusy(error.detail, headers={"Retry-After": "1"}, **members)
    if error.code in _FAILURES:
        return SourceFailed(error.detail, **members)
    return SourceUnusable(error.detail, **members)


def adapter_of(runtime: Runtime, source: SourceView) -> Adapter:
    """The open adapter of a source that is ready. Raises SourceFailed, SourceUnusable."""
    if source.state != "ready" or source.digest is None:
        raise SourceFailed("The source is not ready to be read.", code="source-not-ready")
    secret = None
    if source.secret is not None:
        secret = runtime.seal.open(source.secret, name=_seal_name(source.id)).decode()
    try:
        described = Described(source.digest, source.fields)
        return runtime[Readers].adapter(source.id, Stored(source.kind, source.config, secret), described)
    except SourceError as error:
        raise problem_of(error) from error


def _seal_name(source_id: UUID) -> str:
    return f"source/{source_id}"


async def register(work: Work, new: NewSource) -> Source:
    """Register a source, and describe it unless its data is uploaded later. Raises SourceFailed, SourceUnusable."""
    organisation = await participants.organisation(work.session, new.organisation)
    work.permit("source", "register", organisation.id)
    kind = work.runtime[Readers].kinds[new.source.kind]
    config, secret = kind.store(new.source)
    source_id = new_id()
    source = Source(
        id=source_id,
        organisation_id=organisation.id,
        kind=kind.name,
        title=new.source.title,
        state="registered",
        config=config,
        secret=work.runtime.seal.close(secret.encode(), name=_seal_name(source_id)) if secret is not None else None,
        content_version=0,
        registered_at=work.runtime.clock.now(),
    )
    if not kind.takes_upload:
        await work.pause()
        description = await _describe(work, Stored(kind.name, config, secret))
        _make_ready(source, description, at=work.runtime.clock.now())
    work.session.add(source)
    work.entry(entries.SourceRegistered, about=("source", source_id), source_kind=kind.name)
    return source


async def _describe(work: Work, stored: Stored) -> Description:
    try:
        return await work.runtime[Readers].describe(stored)
    except SourceError as error:
        raise problem_of(error) from error


def _make_ready(source: Source, description: Description, *, at: datetime) -> None:
    source.content_version += 1
    source.refreshed_at = at
    source.description = json.loads(json.dumps(asdict(description)))
    source.rows = description.rows
    source.state = "ready"


async def upload(
    work: Work, *, source_id: UUID, chunks: AsyncIterator[bytes], headers: Mapping[str, str], filename: str
) -> Source:
    """Read an uploaded file into a snapshot, which replaces the source's content.

    The file has to match the signed Content-Digest of the request's headers, and to have the fields of the datasets that
    are published over the source; it is read by their types. Of its name only the suffix counts. Raises NotFound,
    Forbidden, Conflict, ContentTooLarge, RequestMalformed, SourceUnusable, and the problems of `check_body`, of Room and of
    Dependents.
    """
    source = await _lock_receiver(work, source_id)
    organisation, stored = source.organisation_id, Stored(source.kind, source.config)
    digests = await queries.digests_of(work.session, organisation, beside=source_id)
    expected = await work.runtime[Dependents].expected_types(work, source_id)
    await work.pause()
    data, settings = work.runtime.settings.data, work.runtime[SourceSettings]
    room = Room(settings, data / "uploads", organisation, stored=storage.size_of_snapshots(data / "snapshots", digests))
    with storage.upload_directory(room.uploads, organisation) as directory:
        room.check_number()
        room.check_bytes(_announced(headers, limit=settings.upload_bytes_max))
        path = directory / ("content" + Path(filename).suffix[:_SUFFIX_LENGTH])
        content = await _receive(path, chunks, room, limit=settings.upload_bytes_max)
        check_body(headers.get("content-digest"), content)
        try:
            description = await work.runtime[Readers].import_file(stored, path, expected)
        except SourceError as error:
            raise problem_of(error) from error
    source = await _lock_receiver(work, source_id)
    await work.runtime[Dependents].check_content(work, source.id, description.fields)
    _make_ready(source, description, at=work.runtime.clock.now())
    source.content = content.hex()
    work.entry(
        entries.SourceImported,
        about=("source", source.id),
        content=source.content,
        rows=description.rows or 0,
        columns=len(description.fields),
    )
    return source


async def _lock_receiver(work: Work, source_id: UUID) -> Source:
    """Lock a source that the principal may upload content to. Raises NotFound, Forbidden, Conflict."""
    source = await queries.source_row(work.session, work.principal, source_id, lock=True)
    work.permit("source", "register", source.organisation_id)
    kind = work.runtime[Readers].kinds.get(source.kind)
    if kind is None or not kind.takes_upload:
        raise Conflict("Sources of this kind take no upload.", state=source.state)
    if source.state == "withdrawn":
        raise Conflict("The source is withdrawn.", state=source.state)
    return source


def _announced(headers: Mapping[str, str], *, limit: int) -> int:
    """The bytes that a request announces to send; 0 where it announces none. Raises ContentTooLarge."""
    length = headers.get("content-length", "0")
    size = int(length) if length.isascii() and length.isdigit() else 0
    if size > limit:
        raise ContentTooLarge(f"A file may have {limit} bytes here.")
    return size


async def _receive(path: Path, chunks: AsyncIterator[bytes], room: Room, *, limit: int) -> bytes:
    """Write a request's body to a new file: its SHA-256.

    Raises ContentTooLarge, RequestMalformed, StorageFull, UploadQuota.
    """
    digest = hashlib.sha256()
    size, checked = 0, 0
    try:
        with storage.create_file(path) as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise ContentTooLarge(f"A file may have {limit} bytes here.")
                if size - checked >= _LOOK_EVERY:
                    room.check_bytes(len(chunk))
                    checked = size
                digest.update(chunk)
                file.write(chunk)
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise full() from error
        raise
    if size == 0:
        raise RequestMalformed("The body is the file's content; it is empty.")
    return digest.digest()


async def withdraw(work: Work, *, source_id: UUID) -> Source:
    """Withdraw a source. Raises NotFound, Forbidden, Conflict, and the problems of Dependents: datasets over it go first."""
    source = await queries.source_row(work.session, work.principal, source_id, lock=True)
    work.permit("source", "withdraw", source.organisation_id)
    if source.state == "withdrawn":
        raise Conflict("The source is withdrawn already.", state=source.state)
    await work.runtime[Dependents].check_withdrawal(work, source.id)
    source.state = "withdrawn"
    work.entry(entries.SourceWithdrawn, about=("source", source.id))
    return source
