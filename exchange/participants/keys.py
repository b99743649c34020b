"""The verbs of keys: register, rotate, revoke. A key proves that its holder agrees to its registration."""

from datetime import datetime, timedelta
from uuid import UUID

from exchange.kernel.clock import rfc3339
from exchange.kernel.problems import Conflict, Forbidden, NotFound
from exchange.kernel.work import Work
from exchange.participants import queries
from exchange.participants.errors import PossessionNotProven
from exchange.participants.models import TAKEN, Key, PrincipalRow
from exchange.participants.schemas import KeyOut, NewKey, Possession
from groundwork import base64url
from ledger import entries
from signatures import Registration, SignatureInvalid, check_possession, thumbprint

VALID_MAX = 10
"""The most keys of one principal that are valid at a time."""
PROOF_SECONDS_MAX = 31 * 86_400
"""How far ahead the expiry of a proof may be."""


async def add(
    work: Work,
    principal: PrincipalRow,
    organisation: str,
    public_key: str,
    proof: Possession,
    *,
    at: str = "body",
    supersedes: str | None = None,
    until: datetime | None = None,
) -> Key:
    """Register a key of a principal whose permission has been checked. `organisation` is its organisation's handle, `at`
    the place of the key in the request.

    Raises PossessionNotProven, Conflict.
    """
    raw = base64url.decode(public_key)
    _check_possession(work, organisation, principal.handle, raw, proof, at=at)
    keyid = thumbprint(raw)
    now = work.runtime.clock.now()
    if await queries.key(work.session, keyid) is not None:
        raise Conflict(TAKEN)
    if await queries.count_valid_keys(work.session, principal.id, at=now) >= VALID_MAX:
        raise Conflict(
            f"The {principal.kind} has {VALID_MAX} valid keys, the most it may have; revoke one, or replace one at once "
            "(`supersedes` with `overlap_seconds` 0)."
        )
    key = Key(
        id=keyid,
        principal_id=principal.id,
        public_key=raw,
        not_before=now,
        not_after=None,
        revoked_at=None,
    )
    work.session.add(key)
    work.entry(
        entries.KeyRegistered,
        about=("key", keyid),
        principal=str(principal.id),
        public_key=public_key,
        supersedes=supersedes,
        until=rfc3339(until) if until else None,
    )
    return key


def _check_possession(
    work: Work, organisation: str, principal: str, public_key: bytes, proof: Possession, *, at: str
) -> None:
    """Check that the new key signed its own registration, not long ago. Raises PossessionNotProven."""
    settings = work.runtime.settings
    scheme = settings.public_url.partition(":")[0]
    registrations = [
        Registration(f"{scheme}://{authority}", organisation, principal, public_key, proof.expires)
        for authority in sorted(settings.authorities)  # a loopback has two names
    ]
    ahead = proof.expires - work.runtime.clock.seconds()
    if ahead <= 0:
        place, fault = "expires", "the proof has expired: its key signs the registration again"
    elif ahead > PROOF_SECONDS_MAX:
        place, fault = "expires", f"a proof expires within {PROOF_SECONDS_MAX // 86_400} days"
    elif not any(_is_signed(registration, proof.signature) for registration in registrations):
        place, fault = "signature", "the key of `public_key` did not sign this registration"
    else:
        return
    raise PossessionNotProven(
        f"The new key signs: exchange {settings.public_url.rstrip('/')}, organisation {organisation}, principal "
        f"{principal}, the key, and the time of expiry; `exchange-client prove` does it.",
        errors=[{"at": f"{at}/proof/{place}", "error": fault}],
    )


def _is_signed(registration: Registration, signature: str) -> bool:
    try:
        check_possession(registration, base64url.decode(signature))
    except (SignatureInvalid, ValueError):
        return False
    return True


async def register_key(work: Work, *, principal_id: UUID, new: NewKey) -> Key:
    """Register a further key of a principal; a superseded one ends when the overlap is over.

    A principal rotates its own key. A steward registers keys of its organisation's systems. Nobody registers a key for
    another person, since it would act with that person's roles: a person who lost a key is enrolled anew, and a
    security administrator assigns the roles.
    """
    principal = await queries.principal_row(work.session, work.principal, principal_id, lock=True)
    if principal.id != work.principal.id:
        work.permit("key", "register", principal.organisation_id)
        if principal.kind == "member":
            raise Forbidden(
                "Only the member registers a member's key. After a lost key, enrol the person anew and assign the roles again."
            )
    until = None
    if new.supersedes is not None:
        old = await _own_key(work, principal.id, new.supersedes)
        until = work.runtime.clock.now() + timedelta(seconds=new.overlap_seconds)
        old.not_after = min(old.not_after, until) if old.not_after else until
        until = old.not_after
    organisation = await queries.organisation(work.session, principal.organisation_id)
    return await add(
        work, principal, organisation.handle, new.public_key, new.proof, supersedes=new.supersedes, until=until
    )


async def _own_key(work: Work, principal_id: UUID, keyid: str) -> Key:
    key = await queries.key(work.session, keyid, lock=True)
    if key is None or key.principal_id != principal_id:
        raise NotFound("The principal has no such key.")
    if key.revoked_at is not None:
        raise Conflict("The key is revoked.", state="revoked")
    return key


async def revoke_key(work: Work, *, principal_id: UUID, keyid: str) -> Key:
    """Revoke a key, now and for good."""
    principal = await queries.principal_row(work.session, work.principal, principal_id)
    if principal.id != work.principal.id:
        work.permit("key", "revoke", principal.organisation_id)
    key = await _own_key(work, principal.id, keyid)
    key.revoked_at = work.runtime.clock.now()
    work.entry(entries.KeyRevoked, about=("key", keyid), principal=str(principal.id))
    return key


def key_out(key: Key, *, at: datetime) -> KeyOut:
    """A key with the state it has at a time."""
    state = "active"
    if key.revoked_at is not None:
        state = "revoked"
    elif at < key.not_before:
        state = "registered"
    elif key.not_after is not None and at >= key.not_after:
        state = "ended"
    return KeyOut.model_validate(
        {
            "id": key.id,
            "principal_id": key.principal_id,
            "state": state,
            "not_before": key.not_before,
            "not_after": key.not_after,
        }
    )
