"""What corrections add to a running exchange: the end of what they hold of a person who is erased, and with a dispute."""

from exchange.corrections.service import forget_person, resolve
from exchange.disputes.dependents import DisputeDependents
from exchange.kernel.runtime import Runtime
from exchange.subjects.dependents import SubjectDependents


def open_parts(runtime: Runtime) -> None:
    """Register what follows an erasure, and the end of a dispute."""
    runtime[SubjectDependents].erasure.append(forget_person)
    runtime[DisputeDependents].ended["correction"] = resolve
