"""Send signed requests, and accept only answers that the exchange signed for them."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2

from data_exchange_client.errors import ExchangeError, ExchangeProblem, ResponseUntrusted
from data_exchange_client.evidence import Evidence, digest_of
from data_exchange_client.keys import SigningKey
from data_exchange_client.signing import SignedAuth, binding
from data_exchange_client.trust import WELL_KNOWN, KeyNotPinned, Trust
from signatures.digests import digest_field

TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
_CHUNK = 1 << 20
_PROBLEM_MAX = 1 << 20
_FAILED = 400


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer with a verified signature and digest; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    evidence: Evidence

    @property
    def entry(self) -> int | None:
        """The ledger index of the entry that records the act."""
        return self.evidence.entry

    def json(self) -> Any:
        """The content as JSON, None if it is empty. Raises ResponseUntrusted if it is not JSON."""
        if not self.content:
            return None
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise ResponseUntrusted("the answer is not JSON") from error


@dataclass(slots=True)
class Stream:
    """An answer with a verified signature. Its content is not verified yet, and can be read once, through `chunks`."""

    status: int
    headers: Mapping[str, str]
    evidence: Evidence
    chunks: Iterator[bytes]


class Connection:
    """A connection to one exchange, with one key (None for public addresses only) and one pinned identity.

    `trust` is a Trust, a trust file (made on first use), or None to pin the first identity for as long as this connection
    lives. Close it, or use it in a `with` statement.
    """

    def __init__(
        self,
        url: str,
        key: SigningKey | None,
        *,
        trust: Trust | Path | str | None = None,
        transport: httpx2.BaseTransport | None = None,
        timeout: httpx2.Timeout | float = TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._trust_file = Path(trust) if isinstance(trust, Path | str) else None
        self._trust = trust if isinstance(trust, Trust) else None
        self._http = httpx2.Client(
            base_url=url,
            auth=SignedAuth(key, clock=clock) if key else None,
            transport=transport,
            timeout=timeout,
            # Digests are of the content as transferred, so it must not be compressed on the way.
            headers={"accept-encoding": "identity", "user-agent": "data-exchange-client"},
        )

    def close(self) -> None:
        """Close open connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def trust(self) -> Trust:
        """The pinned identity of the exchange, read at its first use. Raises TrustError."""
        if self._trust is None:
            if self._trust_file and self._trust_file.exists():
                self._trust = Trust.load(self._trust_file)
            else:
                self._trust = self.identity()
                if self._trust_file:
                    self._trust.save(self._trust_file)
        return self._trust

    def identity(self) -> Trust:
        """The identity that the exchange answers now; it is not pinned. Raises TrustError, ExchangeProblem."""
        try:
            return Trust.parse(json.loads(self.public(WELL_KNOWN)))
        except ValueError as error:
            raise ResponseUntrusted("the exchange's identity is not JSON") from error

    def follow(self) -> bool:
        """Pin the keys that pinned keys announce at the exchange; returns whether there was a new one.

        Raises as `identity`.
        """
        try:
            followed = self.trust.follow(json.loads(self.public(WELL_KNOWN)))
        except ValueError as error:
            raise ResponseUntrusted("the exchange's identity is not JSON") from error
        if followed == self.trust:
            return False
        self._trust = followed
        if self._trust_file:
            followed.save(self._trust_file)
        return True

    def _check(self, evidence: Evidence) -> None:
        """Check that a pinned key signed an answer, or one that a pinned key has announced. Raises as Evidence."""
        try:
            evidence.check_signature(self.trust)
        except KeyNotPinned as unknown:
            with suppress(ExchangeError):
                if self.follow():
                    evidence.check_signature(self.trust)
                    return
            raise unknown from None

    def public(self, path: str, *, headers: Mapping[str, str] | None = None) -> bytes:
        """The content at a public address. Its signature is not verified: the caller has another way to check it."""
        with self._open(self._http.build_request("GET", path, headers=headers)) as response:
            if response.status_code >= _FAILED or not response.is_success:
                raise _problem(response, is_signed=False)
            return b"".join(response.iter_raw(_CHUNK))

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | Path | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request, and read and verify its whole answer; `content` may be a file of any size.

        Raises ExchangeProblem, ResponseUntrusted, TrustError, or httpx2.HTTPError when there was no answer.
        """
        with self.stream(method, path, params=params, json=json, content=content, headers=headers) as stream:
            body = b"".join(stream.chunks)
        stream.evidence.check_content(sha256=hashlib.sha256(body).digest(), size=len(body))
        return Answer(stream.status, stream.headers, body, stream.evidence)

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | Path | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Stream]:
        """Send a request and stream its answer. The caller has to compare the content with the evidence.

        Raises as `send`.
        """
        fields = dict(headers or {})
        body: bytes | Iterator[bytes] | None
        if isinstance(content, Path):
            sha256, size = digest_of(content)
            fields |= {"content-digest": digest_field(sha256), "content-length": str(size)}
            body = _read_chunks(content)
        else:
            body = content
        _ = self.trust  # pinned before anything is sent
        request = self._http.build_request(method, path, params=params, json=json, content=body, headers=fields)
        with self._open(request) as response:
            received = _combine(response.headers)
            evidence = Evidence.of(binding(request), status=response.status_code, headers=received)
            is_signed = "signature" in received or "signature-input" in received
            if is_signed:
                try:
                    self._check(evidence)
                except ResponseUntrusted as error:
                    raise _with_unverified(error, response) from error
            if response.status_code >= _FAILED:
                raise _problem(response, is_signed=is_signed, evidence=evidence)
            if not is_signed or not response.is_success:
                raise ResponseUntrusted("the answer is not signed")
            if received.get("content-encoding", "identity") != "identity":
                raise ResponseUntrusted("the answer is compressed, against the request")
            yield Stream(response.status_code, received, evidence, response.iter_raw(_CHUNK))

    @contextmanager
    def _open(self, request: httpx2.Request) -> Iterator[httpx2.Response]:
        response = self._http.send(request, stream=True)
        try:
            yield response
        finally:
            response.close()


def _combine(headers: httpx2.Headers) -> dict[str, str]:
    """Header fields by name; fields of the same name are combined (RFC 9110 section 5.3)."""
    combined: dict[str, str] = {}
    for name, value in headers.multi_items():
        combined[name] = f"{combined[name]}, {value}" if name in combined else value
    return combined


def _read_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _with_unverified(error: ResponseUntrusted, response: httpx2.Response) -> ResponseUntrusted:
    """The error, with the refusal's own text, which helps a person and proves nothing."""
    if response.status_code < _FAILED:
        return error
    problem = _problem(response, is_signed=False)
    if not isinstance(problem, ExchangeProblem):
        return error
    return ResponseUntrusted(f"{error}\nunverified, whoever answered says: {problem.line}")


def _problem(response: httpx2.Response, *, is_signed: bool, evidence: Evidence | None = None) -> ExchangeError:
    content = bytearray()
    for chunk in response.iter_raw(_CHUNK):
        content += chunk
        if len(content) > _PROBLEM_MAX:
            return ResponseUntrusted("the exchange's refusal is unreasonably long")
    if evidence and is_signed:
        evidence.check_content(sha256=hashlib.sha256(content).digest(), size=len(content))
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        document = {"title": f"No problem document (HTTP status {response.status_code})"}
    return ExchangeProblem(
        status=response.status_code, document=document, is_signed=is_signed, headers=_combine(response.headers)
    )
