"""What the room of data subjects adds to a running exchange: the slots of their keys, held to what was erased."""

from exchange.kernel.keys.slots import Slots
from exchange.kernel.runtime import Runtime
from exchange.subjects import keys
from exchange.subjects.settings import SubjectSettings


async def open_parts(runtime: Runtime) -> None:
    """Register the slots. Raises SlotsMissing, OSError."""
    slots = runtime.add(Slots(runtime[SubjectSettings].slots))
    await keys.settle(runtime.database, slots, now=runtime.clock.now())
