"""Rotating one of the exchange's own keys: the old key signs an announcement of the new one, which is an entry."""

from exchange.kernel.clock import Clock, rfc3339
from exchange.kernel.database import Connection
from exchange.kernel.work import indexes
from ledger import entries
from ledger.format import note, rotation
from ledger.log import continuity, store
from ledger.log.head import lock_head
from signatures import thumbprint


async def rotate(
    connection: Connection,
    *,
    purpose: rotation.Purpose,
    origin: str,
    old: note.AnySigner,
    new: note.Verifier,
    clock: Clock,
) -> int:
    """Append the entry that replaces `old` by `new`; returns its index.

    The new key signs every tree that includes this entry. Raises Halted.
    """
    async with connection.transaction():
        head = await lock_head(connection)
        change = rotation.Rotation(origin, purpose, old.verifier, new, head.size + 1, rfc3339(clock.now()))
        announcement = note.sign(change.text(), [old])
        body = entries.KeyRotated(
            at=change.since,
            actor=entries.Actor(),
            object=entries.Object(kind="key", id=thumbprint(new.public_key)),
            purpose=purpose,
            old=change.old.vkey,
            new=change.new.vkey,
            valid_from=change.valid_from,
            since=change.since,
            statement=announcement,
        )
        [index] = indexes(await store.append(connection, [store.Submission(body.canonical())]))
        await continuity.add_announcement(connection, change, incarnation=head.incarnation, announcement=announcement)
    return index
