"""What passkeys add to a running exchange: what follows an erasure. It comes before the end of the person's binding."""

from exchange.kernel.runtime import Runtime
from exchange.portal.passkeys import service
from exchange.subjects.dependents import SubjectDependents


def open_parts(runtime: Runtime) -> None:
    """Register what follows an erasure."""
    dependents = runtime[SubjectDependents]
    dependents.locking.append(service.lock_person)
    dependents.erasure.append(service.forget_person)
