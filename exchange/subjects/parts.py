"""The long-lived parts of data subjects: the secret slots of their keys, with erased ones destroyed, and their numbers."""

from exchange.kernel.keys.slots import Slots
from exchange.kernel.runtime import Runtime
from exchange.subjects import keys
from exchange.subjects.dependents import SubjectDependents
from exchange.subjects.numbering.directory import Directory
from exchange.subjects.numbering.sidecars import Sidecars
from exchange.subjects.settings import SubjectSettings


async def open_parts(runtime: Runtime) -> None:
    """Register the slots and what rooms above add, and finish erasures that a crash interrupted. Raises SlotsMissing, OSError."""
    runtime.add(SubjectDependents())
    runtime.add(Directory(runtime.database))
    slots = runtime.add(Slots(runtime[SubjectSettings].slots))
    await keys.destroy_all_erased(runtime.database, slots, now=runtime.clock.now())
    data = runtime.settings.data
    sidecars = runtime.add(Sidecars(runtime, data / "people", snapshots=data / "snapshots"))
    await sidecars.remove_outdated()
