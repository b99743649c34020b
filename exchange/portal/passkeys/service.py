"""The verbs of passkeys: register and remove one in a session, sign in with one, and enrol with one and a desk's code."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from exchange.kernel.identifiers import new_id
from exchange.kernel.logs import log
from exchange.kernel.problems import NotFound
from exchange.kernel.runtime import Runtime
from exchange.kernel.web import passkeys
from exchange.kernel.web.passkeys import PasskeyInvalid, Registered
from exchange.kernel.work import Caller, Work
from exchange.participants.door.evidence import Confirmation
from exchange.portal import binding, sessions
from exchange.portal import queries as accounts
from exchange.portal.passkeys import challenges, queries
from exchange.portal.passkeys.challenges import AGAIN
from exchange.portal.passkeys.errors import LastWayIn, PasskeyRefused, PasskeysExceeded
from exchange.portal.passkeys.models import Passkey
from exchange.portal.passkeys.schemas import Enrolment, NewPasskey
from exchange.portal.sessions import digest_of
from exchange.portal.settings import PortalSettings
from ledger import entries

METHOD: Final = "passkey"
LEVEL: Final = "passkey: the authenticator verified the person"
_MOST: Final = 20
_NO_DESK: Final = "This exchange makes no accounts without an identity provider: sign in at /portal/sign-in."


# In a session ---------------------------------------------------------------------------------------------------------


async def begin_registration(work: Work, account: UUID) -> dict[str, Any]:
    """The options with which the account's browser makes a passkey. Raises PasskeysUnavailable, PasskeysExceeded."""
    party = challenges.party_of(work.runtime)
    existing = await queries.of_account(work.session, account)
    _refuse_more(existing)
    challenge = await challenges.begin(work.runtime, "registration", account.bytes)
    return passkeys.creation_options(
        party,
        user=account.bytes,
        name=_shown(account),
        challenge=challenge,
        existing=[passkey.credential for passkey in existing],
    )


async def register(work: Work, account: UUID, new: NewPasskey) -> Passkey:
    """Register the passkey that the browser made. Raises PasskeyRefused, PasskeysExceeded."""
    challenge, _ = await challenges.take(work.runtime, new.credential, "registration", account.bytes)
    registered = _verify_registration(work.runtime, new.credential, challenge)
    await accounts.lock_account(work.session, account)
    _refuse_more(await queries.of_account(work.session, account))
    return await _add(work, account, registered, new.name)


async def remove(work: Work, account: UUID, passkey_id: UUID) -> None:
    """Remove a passkey of an account; its last way in stays. Raises NotFound, LastWayIn."""
    row = await accounts.lock_account(work.session, account)
    held = await queries.of_account(work.session, account, lock=True)
    passkey = next((one for one in held if one.id == passkey_id), None)
    if passkey is None:
        raise NotFound("You have no passkey with this id.")
    has_provider = row.holder is not None and work.runtime[PortalSettings].portal_issuer is not None
    if len(held) == 1 and not has_provider:
        raise LastWayIn("Register another passkey, then remove this one.")
    await work.session.delete(passkey)
    work.entry(entries.PasskeyChanged, about=("passkey", passkey.id), type="passkey.removed")


def _refuse_more(held: Sequence[Passkey]) -> None:
    if len(held) >= _MOST:
        raise PasskeysExceeded(f"An account has at most {_MOST} passkeys.")


# A sign-in ------------------------------------------------------------------------------------------------------------


async def begin_sign_in(runtime: Runtime, browser: str) -> dict[str, Any]:
    """The options with which a browser signs in, bound to its cookie. Raises PasskeysUnavailable."""
    party = challenges.party_of(runtime)
    challenge = await challenges.begin(runtime, "sign-in", digest_of(browser))
    return passkeys.request_options(party, challenge=challenge)


async def sign_in(runtime: Runtime, browser: str | None, answer: Mapping[str, Any]) -> str:
    """Sign in with a passkey; returns the token of the new session. Raises PasskeyRefused, PasskeysUnavailable."""
    party = challenges.party_of(runtime)
    challenge, _ = await challenges.take(runtime, answer, "sign-in", digest_of(browser or ""))
    try:
        answered = passkeys.answered_by(answer)
        async with runtime.database.sessions() as session:
            known = await queries.public_key_of(session, answered.credential)
        if known is None:
            raise PasskeyRefused(AGAIN)
        account, public_key = known
        count = passkeys.verify_assertion(party, answer, challenge=challenge, public_key=public_key)
    except PasskeyInvalid as error:
        log().warning("a passkey does not verify", exc_info=error)
        raise PasskeyRefused(AGAIN) from error
    if answered.user not in {None, account.bytes}:
        raise PasskeyRefused(AGAIN)
    return await _enter(runtime, account, answered.credential, count, now=runtime.clock.now())


async def _enter(runtime: Runtime, account: UUID, credential: bytes, count: int, *, now: datetime) -> str:
    """Count a use of a passkey, and begin a session. Raises PasskeyRefused; the refusal of a lower count is noted."""
    async with runtime.database.sessions() as session:
        await accounts.lock_account(session, account)  # before its passkeys, as whoever changes these
        passkey = await queries.locked(session, credential)
        if passkey is None:  # removed meanwhile
            raise PasskeyRefused(AGAIN)
        work = Work(session, Caller(binding.principal_of(passkey.account_id), _evidence(passkey.account_id)), runtime)
        token = None
        if passkeys.is_regression(last=passkey.sign_count, now=count):
            passkey.regressed_at = now
            work.entry(entries.PasskeyChanged, about=("passkey", passkey.id), type="passkey.regressed")
        else:
            passkey.sign_count, passkey.used_at = count, now
            settings = runtime[PortalSettings]
            token = await sessions.begin(session, settings, passkey.account_id, level=LEVEL, method=METHOD, now=now)
        await work.commit()
    if token is None:
        raise PasskeyRefused("There may be a copy of this passkey. Sign in another way, and remove it.")
    return token


# At a desk ------------------------------------------------------------------------------------------------------------


async def begin_enrolment(runtime: Runtime, browser: str) -> dict[str, Any]:
    """The options with which a browser makes the first passkey of an account. Raises NotFound, PasskeysUnavailable."""
    _require_desk(runtime)
    party, account = challenges.party_of(runtime), new_id()
    challenge = await challenges.begin(runtime, "enrolment", digest_of(browser), user=account)
    return passkeys.creation_options(party, user=account.bytes, name=_shown(account), challenge=challenge)


async def enrol(runtime: Runtime, browser: str | None, new: Enrolment) -> str:
    """Make an account with a passkey for whom a desk's code names; returns the token of its first session.

    Account, passkey, binding, the end of the code and their entries are one transaction, and so is the end of the ways into
    an account that the code recovers. Raises NotFound, PasskeyRefused, PasskeysUnavailable, CodeRefused, IdentityTaken.
    """
    _require_desk(runtime)
    challenge, account = await challenges.take(runtime, new.credential, "enrolment", digest_of(browser or ""))
    registered = _verify_registration(runtime, new.credential, challenge)
    if account is None:
        raise PasskeyRefused(AGAIN)
    now = runtime.clock.now()
    async with runtime.database.sessions() as session:
        work = Work(session, Caller(binding.principal_of(account), _evidence(account)), runtime)
        await binding.bind_by_code(work, account, new, recover=_recover)
        await _add(work, account, registered, new.name)
        token = await sessions.begin(session, runtime[PortalSettings], account, level=LEVEL, method=METHOD, now=now)
        await work.commit()
    return token


async def _recover(work: Work, number: int, organisation: UUID) -> None:
    """Take an identity from an account without a provider, for which the same organisation vouched.

    The account loses its passkeys and sessions with its last identity. Otherwise nothing happens, and the identity is taken.
    """
    account = await accounts.account_of_number(work.session, number)
    if account is None or account.holder is not None:
        return
    held = await queries.of_account(work.session, account.id, lock=True)
    if await accounts.vouched_by(work.session, number) != organisation:
        return
    await accounts.unbind(work.session, number)
    if await accounts.count_identities(work.session, account.id) == 0:
        for passkey in held:
            work.entry(entries.PasskeyChanged, about=("passkey", passkey.id), type="passkey.removed")
        await queries.delete_of_account(work.session, account.id)
        await accounts.end_sessions(work.session, account.id)


def _require_desk(runtime: Runtime) -> None:
    if not runtime[PortalSettings].portal_enrolment:
        raise NotFound(_NO_DESK)


# Both -----------------------------------------------------------------------------------------------------------------


def _verify_registration(runtime: Runtime, answer: Mapping[str, Any], challenge: bytes) -> Registered:
    try:
        return passkeys.verify_registration(challenges.party_of(runtime), answer, challenge=challenge)
    except PasskeyInvalid as error:
        log().warning("a new passkey does not verify", exc_info=error)
        raise PasskeyRefused(AGAIN) from error


async def _add(work: Work, account: UUID, registered: Registered, name: str) -> Passkey:
    passkey = Passkey(
        id=new_id(),
        account_id=account,
        credential=registered.credential,
        public_key=registered.public_key,
        sign_count=registered.sign_count,
        name=name,
        is_synced=registered.is_synced,
        created_at=work.runtime.clock.now(),
        used_at=None,
        regressed_at=None,
    )
    if not await queries.add(work.session, passkey):
        raise PasskeyRefused("This passkey is registered already.")
    work.entry(entries.PasskeyChanged, about=("passkey", passkey.id), type="passkey.registered")
    return passkey


def _evidence(account: UUID) -> Confirmation:
    return Confirmation.of(b"passkey", key=account.bytes, level=LEVEL, method=METHOD)


def _shown(account: UUID) -> str:
    """What a browser's list of passkeys shows: nothing about the person."""
    return account.hex[-8:]


async def lock_person(work: Work, number: int) -> None:
    """Lock the account of a person and its passkeys, before the ledger's lock is taken."""
    account = await accounts.account_of_number(work.session, number)
    if account is not None:
        await queries.of_account(work.session, account.id, lock=True)


async def forget_person(work: Work, number: int) -> None:
    """Delete the passkeys and sessions of an account that nobody but its erased person's desk vouches for."""
    account = await accounts.account_of_number(work.session, number)
    if (
        account is not None
        and account.holder is None
        and await accounts.count_identities(work.session, account.id) == 1
    ):
        await queries.delete_of_account(work.session, account.id)
        await accounts.end_sessions(work.session, account.id)
