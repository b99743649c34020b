"""What disputes add to a running exchange: the list of what follows from the end of one."""

from exchange.disputes.dependents import DisputeDependents
from exchange.kernel.runtime import Runtime


def open_parts(runtime: Runtime) -> None:
    """Register the list. Called before the rooms that add to it."""
    runtime.add(DisputeDependents())
