"""What people's requests add to a running exchange: their end with the person's erasure."""

from exchange.kernel.runtime import Runtime
from exchange.subjects.dependents import SubjectDependents
from exchange.subjects.requests.service import end_with_person, lock_person


def open_parts(runtime: Runtime) -> None:
    """Register what an erasure locks, and what follows it."""
    dependents = runtime[SubjectDependents]
    dependents.locking.append(lock_person)
    dependents.erasure.append(end_with_person)
