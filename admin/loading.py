"""Load modules quickly, so that Ctrl-C before a command has begun ends the process without a traceback."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from groundwork.loading import undisturbed


@contextmanager
def interruptible_loading() -> Iterator[None]:
    """Load modules inside the block: SIGINT ends the process at once, since there is nothing to clean up yet."""
    handler = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()  # only this thread may set handlers
    if not is_main or handler is not signal.default_int_handler:
        with undisturbed():
            yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        with undisturbed():
            yield
    finally:
        signal.signal(signal.SIGINT, handler)
