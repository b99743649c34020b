"""Sign requests for httpx2, with or without the rest of this client."""

import time
from collections.abc import AsyncGenerator, Callable, Generator

import httpx2

from data_exchange_client.keys import SigningKey
from signatures import SentRequest, SignatureMalformed, content_digest, new_nonce, sign_request
from signatures.structured import FieldError, Item, parse_dictionary

LIFETIME = 60


class SignedAuth(httpx2.Auth):
    """Signs each request when it is sent: `httpx2.Client(auth=SignedAuth(key))`.

    Adds Content-Digest to a request with a body, unless it has the header: set it to stream a large body. A signature is
    valid for `lifetime` seconds, at most 300. `clock` returns Unix seconds.
    """

    def __init__(self, key: SigningKey, *, lifetime: int = LIFETIME, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._lifetime = lifetime
        self._clock = clock

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Called by httpx2."""
        if "content-digest" not in request.headers:
            request.read()
            self._digest(request)
        self._sign(request)
        yield request

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Called by httpx2."""
        if "content-digest" not in request.headers:
            await request.aread()
            self._digest(request)
        self._sign(request)
        yield request

    def _digest(self, request: httpx2.Request) -> None:
        if request.content:
            request.headers["content-digest"] = content_digest(request.content)

    def _sign(self, request: httpx2.Request) -> None:
        created = int(self._clock())
        request.headers.update(
            sign_request(
                key=self._key.pair,
                keyid=self._key.keyid,
                method=request.method,
                target_uri=target_uri(request.url),
                headers=request.headers,
                created=created,
                expires=created + self._lifetime,
                nonce=new_nonce(),
            )
        )


def target_uri(url: httpx2.URL) -> str:
    """The URI as the exchange receives it, without a default port or an empty query."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}{url.raw_path.decode('ascii').removesuffix('?')}"


def binding(request: httpx2.Request) -> SentRequest:
    """The parts of a request that the signature of its answer has to cover."""
    signature: bytes | None = None
    if "signature" in request.headers:
        try:
            member = parse_dictionary(request.headers["signature"]).get("sig1")
        except FieldError as error:
            raise SignatureMalformed("the request's own signature cannot be read") from error
        if isinstance(member, Item) and isinstance(member.value, bytes):
            signature = member.value
    return SentRequest(method=request.method, target_uri=target_uri(request.url), signature=signature)
