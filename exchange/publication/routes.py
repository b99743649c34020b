"""The public routes of the ledger: C2SP tlog-tiles under /ledger, and the keys that a client pins."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response

from exchange.kernel.database import Connection
from exchange.kernel.problems import NotFound
from exchange.kernel.runtime import Runtime
from exchange.kernel.web.http import runtime_of
from exchange.kernel.web.openapi import problems
from exchange.publication import ownkeys, waiting
from exchange.publication.errors import EntriesPrivate, EntryPruned, NotYetCovered
from exchange.publication.publisher import Publisher
from exchange.publication.schemas import CheckpointOut, CheckpointsOut, RotationsOut, TimestampsOut, WellKnown
from exchange.publication.settings import PublicationSettings
from ledger.format import rotation, tiles, timestamps, trust_policy
from ledger.log import continuity, publication, store

public = APIRouter(tags=["ledger"], responses=problems(public=True))

_IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
_FRESH = {"Cache-Control": "no-cache"}
_UNCACHED = {"Cache-Control": "no-store"}
_OCTETS = "application/octet-stream"
_JSON = "application/json"
_MOST = 2**53
Index = Annotated[int, Path(ge=0, lt=_MOST, description="The entry's index")]


def _bytes(description: str, media_type: str = _OCTETS) -> dict[int | str, dict[str, object]]:
    schema = {"type": "object"} if media_type == _JSON else {"type": "string", "format": "binary"}
    return {200: {"description": description, "content": {media_type: {"schema": schema}}}}


@public.get("/.well-known/data-exchange", name="well-known")
async def well_known(request: Request) -> WellKnown:
    """The exchange's name, its ledger's keys and the keys it signs answers with. Pin them."""
    runtime = runtime_of(request)
    url = runtime.settings.public_url
    async with runtime.database.pool.acquire() as connection:
        signed_with = await ownkeys.own_keys(runtime, connection, runtime_of(request)[Publisher].first)
    return WellKnown(
        name=runtime.settings.deployment,
        origin=runtime.origin,
        vkey=signed_with.ledger[-1].vkey,
        further_vkeys=list(runtime_of(request)[Publisher].further_vkeys(signed_with.newest)),
        keys=signed_with.answers,
        ledger_keys=signed_with.ledger,
        rotations=signed_with.statements,
        retention_policy=runtime[PublicationSettings].retention_policy,
        endpoints={
            "api": f"{url}/api/v1",
            "catalog": f"{url}/catalog",
            "checkpoint": f"{url}/ledger/checkpoint",
            "deliveries": f"{url}/api/v1/deliveries",
            "ledger": f"{url}/ledger",
        },
    )


@public.get("/ledger/vkey", response_class=PlainTextResponse)
async def vkey(request: Request) -> PlainTextResponse:
    """The ledger's present verifier key (C2SP signed-note), one line."""
    async with runtime_of(request).database.pool.acquire() as connection:
        keys = await continuity.history(connection, runtime_of(request)[Publisher].first)
    return PlainTextResponse(f"{keys.newest.vkey}\n", headers=_FRESH)


@public.get("/ledger/rotations")
async def rotations(request: Request) -> RotationsOut:
    """The statements by which the ledger's key was rotated, in order, each signed by the key before."""
    async with runtime_of(request).database.pool.acquire() as connection:
        return RotationsOut(statements=await continuity.read_announcements(connection, rotation.LEDGER))


@public.get("/ledger/policy", response_class=PlainTextResponse)
async def policy(request: Request) -> Response:
    """The trust policy (C2SP tlog-policy): the ledger's key, its witnesses, and the quorum for a checkpoint."""
    publisher = runtime_of(request)[Publisher]
    async with runtime_of(request).database.pool.acquire() as connection:
        keys = await continuity.history(connection, publisher.first)
    text = publisher.policy.with_log(keys.newest).text(with_urls=False)
    return Response(trust_policy.encode(text), media_type="text/plain; charset=utf-8", headers=_FRESH)


@public.get("/ledger/minimum-index", response_class=PlainTextResponse)
async def minimum_index(request: Request) -> PlainTextResponse:
    """The index below which entries are pruned (C2SP tlog-tiles), one line. Hashes are served for all of them."""
    runtime = runtime_of(request)
    async with runtime.database.pool.acquire() as connection:
        latest = await publication.latest(connection)
    covered = latest.size if latest else 0
    return PlainTextResponse(f"{min(runtime[PublicationSettings].minimum_index, covered)}\n", headers=_FRESH)


@public.get("/ledger/checkpoint", response_class=PlainTextResponse)
async def checkpoint(
    request: Request, prefer: Annotated[str | None, Header(description="`wait=5` waits for the first one")] = None
) -> PlainTextResponse:
    """The latest signed checkpoint (C2SP tlog-checkpoint)."""

    async def read(connection: Connection) -> publication.Published:
        latest = await publication.latest(connection)
        if latest is None:
            raise publication.NotPublished
        return latest

    latest = await waiting.read_published(request, read, wait=waiting.wait_of(prefer))
    return PlainTextResponse(latest.note, headers=_FRESH)


@public.get("/ledger/checkpoints")
async def checkpoints(
    request: Request,
    after: Annotated[int, Query(ge=0, lt=_MOST, description="Only those of more entries than this")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> CheckpointsOut:
    """All signed checkpoints, smallest first."""
    async with runtime_of(request).database.pool.acquire() as connection:
        page = await publication.checkpoints(connection, after=after, limit=limit)
    return CheckpointsOut(checkpoints=[CheckpointOut(size=published.size, note=published.note) for published in page])


@public.get("/ledger/timestamps")
async def timestamped(
    request: Request,
    after: Annotated[int, Query(ge=0, lt=_MOST, description="Only those of more entries than this")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> TimestampsOut:
    """The sizes whose checkpoints have timestamps, smallest first."""
    async with runtime_of(request).database.pool.acquire() as connection:
        return TimestampsOut(sizes=await publication.list_timestamps(connection, after=after, limit=limit))


@public.get(
    "/ledger/checkpoints/{size}.tsr",
    response_class=Response,
    responses=_bytes("An RFC 3161 response over the checkpoint", timestamps.MEDIA_REPLY),
)
async def timestamp(
    request: Request, size: Annotated[int, Path(ge=0, lt=_MOST, description="The tree's size")]
) -> Response:
    """The timestamp over the checkpoint of a size, from the exchange's timestamping authority."""
    async with runtime_of(request).database.pool.acquire() as connection:
        token = await publication.timestamp(connection, size)
    if token is None:
        raise NotFound("There is no timestamp over a checkpoint of this size.")
    return Response(token, media_type=timestamps.MEDIA_REPLY, headers=_IMMUTABLE)


@public.get("/ledger/receipts/{index}", response_class=PlainTextResponse)
async def receipt(
    request: Request,
    index: Index,
    prefer: Annotated[str | None, Header(description="`wait=5` waits until a checkpoint covers it")] = None,
) -> PlainTextResponse:
    """The receipt of an entry: its inclusion proof under a signed checkpoint (C2SP tlog-proof)."""
    text = await waiting.read_published(
        request,
        lambda connection: publication.receipt(connection, index),
        index=index,
        wait=waiting.wait_of(prefer),
    )
    return PlainTextResponse(text, headers=_FRESH)


@public.get("/ledger/entries/{index}", response_class=Response, responses=_bytes("The bytes that were hashed", _JSON))
async def entry_bytes(request: Request, index: Index) -> Response:
    """One entry, as the bytes that were hashed."""
    runtime = _public_entries(request, end=index + 1)
    async with runtime.database.pool.acquire() as connection:
        leaves = await store.read_leaves(connection, index, index + 1)
    if not leaves:
        raise NotFound("The ledger has no entry with this index.")
    return Response(leaves[0], media_type=_JSON, headers=_IMMUTABLE)


def _public_entries(request: Request, *, end: int) -> Runtime:
    """The runtime, if everybody may read the entries before `end`. Raises EntryPruned, EntriesPrivate."""
    runtime = runtime_of(request)
    minimum = runtime[PublicationSettings].minimum_index
    if end <= minimum:
        raise EntryPruned(f"Entries below {minimum} are pruned.", headers=_UNCACHED, minimum_index=minimum)
    if not runtime[PublicationSettings].public_entries:
        raise EntriesPrivate("An auditor reads entries with a signed request at /api/v1/audit/entries.")
    return runtime


@public.get("/ledger/tile/{path:path}", response_class=Response, responses=_bytes("Hashes, or an entry bundle"))
async def tile(
    request: Request,
    path: Annotated[str, Path(max_length=100, description="`<level>/<index>[.p/<width>]`, or `entries/<index>…`")],
) -> Response:
    """A tile of the tree, or a bundle of entries (C2SP tlog-tiles)."""
    try:
        wanted = tiles.parse(f"tile/{path}")
    except tiles.TileError as error:
        raise NotFound("A tile's address is tile/<level>/<index> with an optional .p/<width>.") from error
    if wanted.level == tiles.ENTRIES:
        return Response(await _bundle(request, wanted), media_type=_OCTETS, headers=_IMMUTABLE)
    hashes = await waiting.read_published(
        request,
        lambda connection: publication.read_tile(connection, wanted.level, wanted.index, wanted.width),
    )
    return Response(hashes, media_type=_OCTETS, headers=_IMMUTABLE)


async def _bundle(request: Request, wanted: tiles.Tile) -> bytes:
    # A bundle is pruned where it ends below the minimum index once it is full, whichever width is requested.
    start = wanted.index * tiles.WIDTH
    runtime = _public_entries(request, end=start + tiles.WIDTH)
    async with runtime.database.pool.acquire() as connection:
        latest = await publication.latest(connection)
        if latest is None or latest.size < start + wanted.width:
            raise NotYetCovered("No checkpoint covers these entries yet.", headers=_UNCACHED)
        return tiles.pack(await store.read_leaves(connection, start, start + wanted.width))
