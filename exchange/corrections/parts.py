"""What corrections add to a running exchange: the end of what they hold of a person who is erased."""

from exchange.corrections.service import forget_person
from exchange.kernel.runtime import Runtime
from exchange.subjects.dependents import SubjectDependents


def open_parts(runtime: Runtime) -> None:
    """Register what follows an erasure."""
    runtime[SubjectDependents].erasure.append(forget_person)
