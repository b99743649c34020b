"""The verbs of sources: registering one, reading an uploaded file, withdrawing."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.contract import Adapter, Description, SourceError
from exchange.kernel.identifiers import new_id
from exchange.kernel.problems import Conflict, ContentTooLarge, RequestMalformed
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import Work
from exchange.participants import queries as participants
from exchange.participants.door.signed import check_body
from exchange.sources import queries, storage
from exchange.sources.dependents import Dependents
from exchange.sources.errors import SourceFailed, SourceUnusable
from exchange.sources.models import Source
from exchange.sources.readers import Readers
from exchange.sources.schemas import NewSource, PostgresqlSource
from exchange.sources.settings import SourceSettings
from exchange.sources.view import SourceView
from ledger import entries

# What a source's server did, rather than what is wrong with what the owner said.
_FAILURES = frozenset({"source-unreachable", "source-timeout", "source-failed"})


def problem_of(error: SourceError) -> SourceFailed | SourceUnusable:
    """An adapter's error as a problem. Its words hold no values of the data."""
    members: dict[str, Any] = {"code": error.code, **({"where": error.where} if error.where else {})}
    if error.code in _FAILURES:
        return SourceFailed(error.detail, **members)
    return SourceUnusable(error.detail, **members)


def described(description: Description) -> dict[str, Any]:
    """A description as it is stored and answered."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(description)))
    return plain


def adapter_of(runtime: Runtime, source: SourceView) -> Adapter:
    """The open adapter of a source that is ready. Raises SourceFailed."""
    if source.state != "ready" or source.digest is None:
        raise SourceFailed("The source is not ready to be read.", code="source-not-ready")
    secret = runtime.seal.open(source.secret, name=f"source/{source.id}").decode() if source.secret else None
    config = source.config if source.kind == "postgresql" else {"digest": source.digest}
    return runtime[Readers].adapter(source.id, state=source.digest, kind=source.kind, config=config, secret=secret)


async def register(work: Work, new: NewSource) -> Source:
    """Register a source. A table is looked at now; a file is once it has been uploaded."""
    organisation = await participants.organisation(work.session, new.organisation)
    work.permit("source", "register", organisation.id)
    identifier = new_id()
    source = Source(
        id=identifier,
        organisation_id=organisation.id,
        kind=new.source.kind,
        title=new.source.title,
        state="registered",
        config={},
        registered_at=work.runtime.clock.now(),
    )
    if isinstance(new.source, PostgresqlSource):
        await work.pause()
        source.config = {"schema": new.source.table_schema, "table": new.source.table}
        source.secret = work.runtime.seal.close(new.source.dsn.encode(), name=f"source/{identifier}")
        description = await _describe(work, source, secret=new.source.dsn)
        source.description = described(description)
        source.rows = description.rows
        source.state = "ready"
    else:
        source.config = {"options": new.source.options.model_dump(mode="json", exclude_defaults=True)}
    work.session.add(source)
    work.entry(entries.SourceRegistered, about=("source", source.id), source_kind=new.source.kind)
    return source


async def _describe(work: Work, source: Source, *, secret: str) -> Description:
    try:
        adapter = work.runtime[Readers].open(source.kind, source.config, secret)
    except SourceError as error:
        raise problem_of(error) from error
    try:
        return await adapter.describe()
    except SourceError as error:
        raise problem_of(error) from error
    finally:
        await adapter.close()


async def upload(
    work: Work, *, source_id: UUID, chunks: AsyncIterator[bytes], digest: Mapping[str, str], filename: str
) -> Source:
    """Read an uploaded file into a snapshot.

    The file is hashed as it arrives and must have the signed digest (`digest` are the request's headers); the datasets
    published over the source must still find their fields in it. The name is used for its suffix only.
    """
    source = await _taking_content(work, source_id)
    options = source.config.get("options", {})
    await work.pause()
    with storage.receiving(work.runtime.settings.data / "uploads") as place:
        path = place / ("content" + Path(filename).suffix[:12])
        content = await _receive(path, chunks, limit=work.runtime[SourceSettings].upload_bytes_max)
        check_body(digest.get("content-digest"), content)
        try:
            imported = await work.runtime[Readers].import_file(path, options)
        except SourceError as error:
            raise problem_of(error) from error
    description = imported.description
    source = await _taking_content(work, source_id)
    await work.runtime[Dependents].check_content(work, source.id, description.fields)
    source.description = described(description)
    source.content = content.hex()
    source.rows = description.rows
    source.state = "ready"
    work.entry(
        entries.SourceImported,
        about=("source", source.id),
        content=source.content,
        rows=description.rows or 0,
        columns=len(description.fields),
    )
    return source


async def _taking_content(work: Work, source_id: UUID) -> Source:
    """A source that takes content from this principal, locked. Raises NotFound, Forbidden, Conflict."""
    source = await queries.source(work.session, work.principal, source_id, lock=True)
    work.permit("source", "register", source.organisation_id)
    if source.kind != "file" or source.state == "withdrawn":
        raise Conflict("Only a file source that is not withdrawn takes content.", state=source.state)
    return source


async def _receive(path: Path, chunks: AsyncIterator[bytes], *, limit: int) -> bytes:
    hashed = hashlib.sha256()
    size = 0
    with storage.new_file(path) as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise ContentTooLarge(f"A file may have {limit} bytes here.")
            hashed.update(chunk)
            file.write(chunk)
    if size == 0:
        raise RequestMalformed("The body is the file's content; it is empty.")
    return hashed.digest()


async def withdraw(work: Work, *, source_id: UUID) -> Source:
    """Withdraw a source; published datasets over it have to be withdrawn first."""
    source = await queries.source(work.session, work.principal, source_id, lock=True)
    work.permit("source", "withdraw", source.organisation_id)
    if source.state == "withdrawn":
        raise Conflict("The source is withdrawn already.", state=source.state)
    await work.runtime[Dependents].check_withdrawal(work, source.id)
    source.state = "withdrawn"
    work.entry(entries.SourceWithdrawn, about=("source", source.id))
    return source
