"""`ledger serve` in a thread of the test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.bundle import serving


@contextmanager
def serve_bundle(directory: Path) -> Iterator[str]:
    """Serve an export at a URL."""
    with serving.server(directory, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
