"""Loading a command's parts. Nothing of them is garbage, and all of it stays: the collector, which would look at them again
and again while there are more and more, waits until they are there and leaves them alone ever after.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """The collector rests during the block, and what there is at its end it does not look at again until `gc.unfreeze`."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
