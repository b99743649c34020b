"""What consents add to a running exchange: the end of consents with a person's erasure."""

from exchange.consents.service import end_with_person, lock_person
from exchange.kernel.runtime import Runtime
from exchange.subjects.dependents import SubjectDependents


def open_parts(runtime: Runtime) -> None:
    """Register what follows an erasure."""
    dependents = runtime[SubjectDependents]
    dependents.locking.append(lock_person)
    dependents.erasure.append(end_with_person)
