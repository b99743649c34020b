"""Load modules quickly, so that Ctrl-C before a command has begun ends the process without a traceback."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from groundwork.loading import undisturbed


@contextmanager
def interruptible_loading() -> Iterator[None]:
    """Load modules inside the block: SIGINT ends the process at once, since there is nothing to clean up yet.

    A handler that somebody else set stays. So does every handler in a thread other than the main one, which receives no
    signals.
    """
    is_replaced = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if is_replaced:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        with undisturbed():
            yield
    finally:
        if is_replaced:
            signal.signal(signal.SIGINT, signal.default_int_handler)
