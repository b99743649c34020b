"""What consents add to a running exchange: their look-ups, their end with a person's erasure and with time, late deletions."""

from exchange.calendar.hooks import DeadlineDependents
from exchange.consents import tasks
from exchange.consents.deletions.lifecycle import CLOCK
from exchange.consents.deletions.service import run_late
from exchange.consents.loading import tasks as loading
from exchange.consents.service import end_with_person, lock_person
from exchange.consents.standings import Standings
from exchange.kernel.runtime import Runtime
from exchange.subjects.dependents import SubjectDependents


def open_parts(runtime: Runtime) -> None:
    """Register the look-ups, what follows an erasure and a deletion's last day, and the loop of expiry."""
    runtime.add(Standings(runtime))
    dependents = runtime[SubjectDependents]
    dependents.locking.append(lock_person)
    dependents.erasure.append(end_with_person)
    runtime[DeadlineDependents].register(CLOCK.name, run_late)
    tasks.open_parts(runtime)
    loading.open_parts(runtime)
