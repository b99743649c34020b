"""uvicorn's HTTP/1.1 protocol, stricter about the head of a request.

It limits the head's size, keeps trailers out of the header fields, and refuses what two readers could take for different
requests: no `Host` or two (RFC 9112 section 3.2), and a fragment in the target. An application may cut a connection off.

uvicorn with httptools has no limit of its own: the parser keeps an unfinished target, header field or trailer and copies
all of it with every packet, so one header field of a hundred megabytes blocks every other request for half a minute.
h11, uvicorn's other parser, has `h11_max_incomplete_event_size`. To be filed upstream; with such an option there, and
trailers kept apart from header fields, this module goes.
"""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX: Final = 64 * 1024
"""Bytes that may come before the head of a request is complete; signed requests have less than 4 KiB."""
FIELDS_MAX: Final = 256
"""Header lines of a request."""
_TOO_LARGE: Final = f"Target and header fields may have {HEAD_BYTES_MAX} bytes together."

CONNECTION: Final = "exchange.connection"
"""The ASGI extension with `abort`, which ends the connection at once and drops what it has not sent, and `has_arrived`, which
appears once the whole request has been received."""


class HeadRefused(Exception):
    """The head of a request is not accepted; httptools ends the parsing with it, and uvicorn answers 400."""


class HeadLimitProtocol(HttpToolsProtocol):
    """Closes a connection that sends more than HEAD_BYTES_MAX bytes without completing a head or adding to a body."""

    _unfinished = 0
    _has_progress = False
    _refusal: str | None = None

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.scope["extensions"] = {CONNECTION: {"abort": self.transport.abort}}

    def data_received(self, data: bytes) -> None:
        """Parse a packet. It counts towards the limit when it neither completes a head nor carries content."""
        self._has_progress = False
        super().data_received(data)
        self._unfinished = 0 if self._has_progress else self._unfinished + len(data)
        if self._unfinished > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.logger.warning("A request whose head is too large was refused.")
            self.send_400_response(_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The parser completed a head."""
        self._has_progress = True
        self._check_head()
        super().on_headers_complete()
        if self.url.endswith(b"?"):
            self.scope["raw_path"] += b"?"  # an empty query is part of the URI that a signature covers
        # The request has its header fields. What the parser reports from here on are trailers, which uvicorn would
        # append to them, against RFC 9110 section 6.5.1.
        self.headers = []

    def _check_head(self) -> None:
        """Raise HeadRefused for a head that is ambiguous or has too many lines."""
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() != "1.0"):
            self._refusal = "Send one Host field."
        elif b"#" in self.url:
            self._refusal = "A target has no fragment."
        elif len(self.headers) > FIELDS_MAX:
            self._refusal = f"A request may have {FIELDS_MAX} header lines."
        if self._refusal:
            raise HeadRefused

    def on_message_complete(self) -> None:
        """The parser completed a request."""
        self.scope["extensions"][CONNECTION]["has_arrived"] = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer 400 with the reason, and close the connection."""
        super().send_400_response(self._refusal or msg)

    def on_body(self, body: bytes) -> None:
        """The parser read content."""
        self._has_progress = True
        super().on_body(body)
