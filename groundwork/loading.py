"""Start a command quickly: the garbage collector is off while modules load, and never scans them again."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """Turn the garbage collector off during the block, and exempt what exists at its end until `gc.unfreeze`."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
