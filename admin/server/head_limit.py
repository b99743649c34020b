"""uvicorn's HTTP/1.1 protocol with a limit on the size of a request's head, and without trailers from requests.

uvicorn with httptools has no limit of its own: the parser keeps an unfinished target, header field or trailer and copies
all of it with every packet, so one header field of a hundred megabytes blocks every other request for half a minute.
h11, uvicorn's other parser, has `h11_max_incomplete_event_size`. To be filed upstream; with such an option there, and
trailers kept apart from header fields, this module goes.
"""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX: Final = 64 * 1024
"""Bytes that may come before the head of a request is complete; signed requests have less than 4 KiB."""
_TOO_LARGE: Final = f"Target and header fields may have {HEAD_BYTES_MAX} bytes together."


class HeadLimitProtocol(HttpToolsProtocol):
    """Closes a connection that sends more than HEAD_BYTES_MAX bytes without completing a head or adding to a body."""

    _unfinished = 0
    _has_progress = False

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
        super().on_headers_complete()
        # The request has its header fields. What the parser reports from here on are trailers, which uvicorn would
        # append to them, against RFC 9110 section 6.5.1.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        """The parser read content."""
        self._has_progress = True
        super().on_body(body)
