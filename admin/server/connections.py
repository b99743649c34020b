"""What uvicorn's connections lack: trailers that leave, none that come in, and a limit on what is no content.

That is the target, header fields and trailers. The parser keeps such bytes until a field is complete and copies all of
them with every packet, so that one header field of a hundred megabytes, from a stranger, would keep every other request
waiting for half a minute.
"""

from typing import Final

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from admin.server.trailers import with_trailers

HEAD_BYTES_MAX: Final = 64 * 1024
"""How much may come before the head of a request is complete; signed requests have less than 4 KiB."""
_TOO_LARGE: Final = f"Target and header fields may have {HEAD_BYTES_MAX} bytes together."


class ConnectionProtocol(HttpToolsProtocol):
    """uvicorn's protocol with trailers. It ends a connection that sends too much before a head, or after a body, is complete."""

    _unfinished = 0
    _has_progress = False

    def data_received(self, data: bytes) -> None:
        """Parse what came, and count it where it completed no head and was no content."""
        self._has_progress = False
        super().data_received(data)
        self._unfinished = 0 if self._has_progress else self._unfinished + len(data)
        if self._unfinished > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.logger.warning("A request whose head is too large was refused.")
            self.send_400_response(_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """A head is complete."""
        self._has_progress = True
        super().on_headers_complete()
        self.headers = []  # for trailers, which would otherwise join the header fields (RFC 9110 section 6.5.1)

    def on_body(self, body: bytes) -> None:
        """Content came."""
        self._has_progress = True
        super().on_body(body)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        super()._start_asgi_task(cycle, with_trailers(app, cycle))
