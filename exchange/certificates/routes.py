"""The public routes of certificates: the certificate of a record, the lists of revocations, and the issuer's keys."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Path, Request
from fastapi.responses import JSONResponse, Response

from exchange.certificates import documents, service
from exchange.certificates.parts import Issuer, Printing
from exchange.certificates.service import Stated
from exchange.kernel.problems import NotAcceptable
from exchange.kernel.web.http import runtime_of
from exchange.kernel.web.openapi import problems
from exchange.publication import waiting
from exchange.rights.schemas import CODE_PATTERN

public = APIRouter(prefix="/rights", tags=["rights"], responses=problems(public=True))

_CREDENTIAL: Final = "application/vc+jwt"
_JSON: Final = "application/json"
_PDF: Final = "application/pdf"
_SUPPORTED: Final = (_CREDENTIAL, _JSON, _PDF)
_FRESH: Final = {"Cache-Control": "no-cache", "Vary": "Accept"}
_Prefer = Annotated[str | None, Header(description="`wait=5` waits until a checkpoint covers what it proves")]
_TEXT: Final[dict[str, Any]] = {"schema": {"type": "string"}}


def _responses(*types: str) -> dict[int | str, dict[str, Any]]:
    contents = {name: _TEXT if name != _JSON else {"schema": {"type": "object"}} for name in types}
    return {200: {"description": "A credential (W3C VC 2.0)", "content": contents}}


@public.get("/issuer")
async def issuer(request: Request) -> dict[str, Any]:
    """The issuer of certificates, with its key (W3C Controlled Identifiers 1.0)."""
    return documents.controller(runtime_of(request)[Issuer])


@public.get("/issuer/jwks.json")
async def issuer_keys(request: Request) -> dict[str, Any]:
    """The key that signs certificates, as a JWK set (RFC 7517)."""
    return documents.key_set(runtime_of(request)[Issuer])


@public.get("/context")
async def context(request: Request) -> dict[str, Any]:
    """The JSON-LD context of certificates. A verifier needs not fetch it."""
    return documents.context(runtime_of(request)[Issuer])


@public.get("/status/{number}/{purpose}", response_class=Response, responses=_responses(_CREDENTIAL))
async def status_list(
    request: Request,
    number: Annotated[int, Path(ge=1, le=2**31 - 1, description="The list's number")],
    purpose: Literal["revocation", "suspension"],
    prefer: _Prefer = None,
) -> Response:
    """Which certificates are revoked or suspended (W3C Bitstring Status List 1.0)."""
    stated = await service.status_list(runtime_of(request), number=number, purpose=purpose)
    text, _ = await _sign(request, stated, prefer)
    return Response(text, media_type=_CREDENTIAL, headers=_FRESH)


@public.get("/{code}/certificate", response_class=Response, responses=_responses(*_SUPPORTED))
async def certificate(
    request: Request,
    code: Annotated[str, Path(pattern=CODE_PATTERN)],
    accept: Annotated[
        str | None, Header(description="`application/vc+jwt` (the default), `application/json` or `application/pdf`")
    ] = None,
    prefer: _Prefer = None,
) -> Response:
    """The certificate of a record in force: a credential that verifies without the exchange, JSON, or a page."""
    wanted = _negotiate(accept)
    text, document = await _sign(request, await service.certify(runtime_of(request), code), prefer)
    if wanted == _PDF:
        page = await runtime_of(request)[Printing].print_page(text, document)
        return Response(page, media_type=_PDF, headers=_FRESH)
    if wanted == _JSON:
        return JSONResponse(document, headers=_FRESH)
    return Response(text, media_type=_CREDENTIAL, headers=_FRESH)


async def _sign(request: Request, stated: Stated, prefer: str | None) -> tuple[str, Mapping[str, Any]]:
    """Sign what a checkpoint covers, or will in time. Raises NotYetCovered."""
    issuer = runtime_of(request)[Issuer]
    return await waiting.read_published(
        request,
        lambda connection: stated.sign(issuer, connection),
        index=max(stated.entries),
        wait=waiting.wait_of(prefer),
    )


def _negotiate(accept: str | None) -> str:
    """The first type of the header that there is (RFC 9110 section 12.5.1). Raises NotAcceptable."""
    for part in (accept or "*/*").split(","):
        name, _, parameters = part.partition(";")
        name = name.strip().lower()
        if parameters.replace(" ", "") in {"q=0", "q=0.0"}:
            continue
        if name in {"*/*", "application/*"}:
            return _CREDENTIAL
        if name in _SUPPORTED:
            return name
    raise NotAcceptable(f"Accept one of: {', '.join(_SUPPORTED)}.")
