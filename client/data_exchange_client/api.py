"""The client: fetch data, call the control plane, check receipts. Every request is signed and every answer verified."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from datetime import time as time_of_day
from decimal import Decimal
from json import loads
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

from data_exchange_client import receipts
from data_exchange_client.connection import TIMEOUT, Answer, Connection
from data_exchange_client.delivery import MEDIA_TYPES, Delivery, Format, Received, receive
from data_exchange_client.errors import DeliveryAborted, ResponseUntrusted
from data_exchange_client.evidence import Evidence
from data_exchange_client.keys import SigningKey
from data_exchange_client.receipts import Receipt
from data_exchange_client.trust import Trust
from groundwork import durable

DELIVERIES = "/api/v1/deliveries"
ANSWERS = "/api/v1/answers"
REDEMPTIONS = f"{ANSWERS}/redemptions"
_COMPLETION_WAIT = 15.0
_COMPLETION_POLL = 0.05
_PARTS = 3

Filter = Mapping[str, Any] | tuple[str, str, Any]


class Client:
    """One consuming system at one exchange.

    `url` is the exchange's address. `key` is the system's registered key, or None for public addresses only. `trust` is the
    exchange's identity: a Trust, a trust file (made on first use), or None to pin the first identity for as long as this
    client lives. `timeout` is in seconds. Threads can share a client. Close it, or use it in a `with` statement.
    """

    def __init__(
        self,
        url: str,
        key: SigningKey | None = None,
        *,
        trust: Trust | Path | str | None = None,
        transport: httpx2.BaseTransport | None = None,
        timeout: httpx2.Timeout | float = TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url = url.rstrip("/")
        self.connection = Connection(url, key, trust=trust, transport=transport, timeout=timeout, clock=clock)

    def close(self) -> None:
        """Close open connections."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def trust(self) -> Trust:
        """The pinned identity of the exchange."""
        return self.connection.trust

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | Path | None = None,
        headers: Mapping[str, str] | None = None,
        purpose: str | None = None,
    ) -> Answer:
        """Send any request, such as `("POST", "/api/v1/applications", json={…})`.

        `content` may be a Path: then the file is streamed, so its size does not matter. Raises ExchangeProblem,
        ResponseUntrusted, TrustError, or httpx2.HTTPError when there was no answer.
        """
        fields = dict(headers or {}) | _purpose(purpose)
        return self.connection.send(method, path, params=params, json=json, content=content, headers=fields)

    def fetch(
        self,
        dataset: str,
        *,
        purpose: str,
        fields: Sequence[str] | None = None,
        filters: Sequence[Filter] = (),
        limit: int | None = None,
        cursor: str | None = None,
        format: Format = "json",  # noqa: A002 - the word everybody uses
        to: Path | str | None = None,
    ) -> Delivery:
        """Fetch records of a dataset, given as its id or as `<organisation>/<dataset>`.

        `purpose` is one that the agreement names. `fields` None means all granted fields. A filter is
        `{"field": …, "op": …, "value": …}` or a tuple of the three; its value may be a date. Without a limit, `json`
        returns a page, and the other formats stream everything. With `to` the content goes to that file, which appears
        only when it is verified.
        Raises as `request`, ValueError for another format or a filter of another form, DeliveryAborted for a stream that
        ended early, and OSError where the file cannot be written.
        """
        if format not in MEDIA_TYPES:
            raise ValueError(f"the format {format!r} is not one of {', '.join(MEDIA_TYPES)}")
        if isinstance(fields, str):
            raise ValueError(f"fields is a list of names, such as [{fields!r}]")  # noqa: TRY004 - a value of a wrong form
        request: dict[str, Any] = {"dataset": dataset, "filters": [_filter(row_filter) for row_filter in filters]}
        request |= {"fields": list(fields)} if fields is not None else {}
        request |= {"limit": limit} if limit is not None else {}
        request |= {"cursor": cursor} if cursor is not None else {}
        headers = {"accept": MEDIA_TYPES[format], **_purpose(purpose)}
        target = Path(to) if to is not None else None
        output: AbstractContextManager[durable.Draft | None] = durable.replacing(target) if target else nullcontext()
        with output as draft:
            with self.connection.stream("POST", DELIVERIES, json=request, headers=headers) as stream:
                try:
                    received = receive(stream, draft)
                except httpx2.TransportError as error:
                    raise DeliveryAborted("the connection ended before the content did") from error
            evidence = self._verify(stream.evidence, received)
        return Delivery(
            format=format,
            content=target or received.content,
            content_digest=received.content_digest,
            delivery=stream.headers.get("exchange-delivery"),
            entry=evidence.entry,
            next=stream.headers.get("exchange-next"),
            evidence=evidence,
        )

    def pages(
        self,
        dataset: str,
        *,
        purpose: str,
        fields: Sequence[str] | None = None,
        filters: Sequence[Filter] = (),
        page: int = 1000,
    ) -> Iterator[Delivery]:
        """Fetch all rows in pages of `page` rows as JSON, each a delivery of its own."""
        cursor: str | None = None
        while True:
            delivery = self.fetch(dataset, purpose=purpose, fields=fields, filters=filters, limit=page, cursor=cursor)
            yield delivery
            cursor = delivery.next
            if cursor is None:
                return

    def ask(
        self,
        dataset: str,
        people: Sequence[str | int],
        *,
        purpose: str,
        answers: Sequence[str],
        field: str | None = None,
    ) -> Answer:
        """Ask for answers about people, given by their identifiers: `people` of the document has them in this order.

        `field` is the one that identifies the people, where the dataset has several. Raises as `request`.
        """
        document = {"dataset": dataset, "people": list(people), "answers": list(answers)}
        document |= {"field": field} if field is not None else {}
        return self.request("POST", ANSWERS, json=document, purpose=purpose)

    def redeem(self, code: str, *, purpose: str) -> Answer:
        """Redeem a person's one-time code: 26 characters that were scanned, or 8 digits. Raises as `request`."""
        return self.request("POST", REDEMPTIONS, json={"code": code}, purpose=purpose)

    def receipt(self, index: int, *, wait: float = 10.0) -> Receipt:
        """Get the receipt of an entry and verify it: inclusion, checkpoint, and the entry's own bytes.

        Waits up to `wait` seconds until the entry is under a checkpoint. Raises ReceiptInvalid, ExchangeProblem.
        """
        return receipts.fetch(self.connection, index, wait=wait)

    def catalogue(self) -> dict[str, Any]:
        """The public catalogue, all pages of it (DCAT-AP in JSON-LD). It is not signed, since agreements bind and it does not."""
        document = self._catalogue_page("/catalog")
        page = document
        while following := _next_page(page):
            page = self._catalogue_page(f"/catalog?{following}")
            document["@graph"] += page.get("@graph", [])
        return document

    def _catalogue_page(self, path: str) -> dict[str, Any]:
        try:
            document = loads(self.connection.public(path))
        except ValueError as error:
            raise ResponseUntrusted("the catalogue is not JSON") from error
        return document if isinstance(document, dict) else {}

    def _verify(self, evidence: Evidence, received: Received) -> Evidence:
        """Compare content with its evidence, to which the statement that ends a stream is added."""
        delivery = evidence.fields.get("exchange-delivery")
        if "content-digest" not in evidence.fields and delivery:
            evidence = self._with_completion(evidence, delivery)
        evidence.check_content(sha256=received.sha256, size=received.size)
        return evidence

    def _with_completion(self, evidence: Evidence, delivery: str) -> Evidence:
        # The exchange writes the entry that ends a stream after the last byte, so it may come a moment later.
        deadline = time.monotonic() + _COMPLETION_WAIT
        while True:
            answer = self.connection.send("GET", f"{DELIVERIES}/{delivery}")
            if answer.json().get("state") != "started":
                return evidence.with_completion(answer.evidence, answer.content)
            if time.monotonic() > deadline:
                raise DeliveryAborted("the exchange does not confirm that the stream was completed")
            time.sleep(_COMPLETION_POLL)


def _next_page(page: Mapping[str, Any]) -> str | None:
    """The query of the next page; None at the end."""
    links = [node["hydra:next"]["@id"] for node in page.get("@graph", []) if "hydra:next" in node]
    return urlsplit(links[0]).query if links else None


def _purpose(purpose: str | None) -> dict[str, str]:
    if purpose is None:
        return {}
    if not purpose.isascii() or not purpose.isprintable():
        raise ValueError("a purpose is one of the exchange's codes, in printable ASCII")
    return {"exchange-purpose": purpose}


def _filter(row_filter: Filter) -> dict[str, Any]:
    if isinstance(row_filter, Mapping):
        return {name: _plain(value) for name, value in row_filter.items()}
    if len(row_filter) != _PARTS:
        raise ValueError(f"a filter is (field, op, value), not {row_filter!r}")
    field, op, value = row_filter
    return {"field": field, "op": op, "value": _plain(value)}


def _plain(value: Any) -> Any:
    """A filter's value as JSON has it: dates and times become text in the form of ISO 8601. Raises ValueError."""
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part) for part in value]
    if isinstance(value, date | time_of_day):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError(f"a filter's value is text, a number, true or false, a date or a list of these, not {value!r}")
