"""Binding: an identifier becomes an account's, once, by a proof that a verifier has checked.

The operator chooses the verifiers: claims of the identity provider (`EXCHANGE_PORTAL_IDENTIFIERS`), and codes that an
organisation gives to whom it knows. An identifier is bound to one account at most, and a binding is an entry.
"""

import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias
from uuid import UUID

from exchange.catalog import queries as catalog
from exchange.catalog.schemas import DatasetDocument
from exchange.kernel.clock import rfc3339
from exchange.kernel.problems import NotFound
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import Caller, Principal, Work
from exchange.participants.door.evidence import Confirmation
from exchange.portal import queries
from exchange.portal.errors import CodeRefused, IdentityTaken
from exchange.portal.models import BindingCode, BoundIdentity
from exchange.portal.schemas import CodeOut, NewBinding, NewShownCode
from exchange.portal.sessions import digest_of
from exchange.portal.settings import PortalSettings
from exchange.subjects import keys, numbers
from exchange.subjects.identity import Identity, parse_identity
from exchange.subjects.numbering.tokens import Tokens
from ledger import entries
from ledger.format.members import digest_of_secret

MOST_TRIES: Final = 5
_OCTETS: Final = 16
_REFUSED: Final = "Check both; after 5 tries the code is void, and the organisation gives another."
_TAKEN: Final = (
    "Sign in with the account that has it. Where its passkeys are lost, ask the organisation that gave you its code for one "
    "that recovers the account."
)
Recover: TypeAlias = Callable[[Work, int, UUID], Awaitable[None]]
"""Frees the identity of a number from the account that has it, if an organisation may: of a code that recovers."""
NOBODY: Final = UUID(int=0)
"""The organisation of a person who acts: none."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a verifier has checked: an identity, the level and the method, and the date of birth where it is known.

    `vouched_by` is the organisation whose code it is.
    """

    identity: Identity
    level: str
    method: str
    birth_date: str | None = None
    vouched_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """An identity of an account: with the person's number, as the portal's verbs use it."""

    number: int
    identity: Identity
    birth_date: str | None
    level: str
    method: str


def numbers_of(bound: Sequence[Bound]) -> dict[Identity, int]:
    """The identities of an account, each with the person's number."""
    return {one.identity: one.number for one in bound}


def principal_of(account: UUID) -> Principal:
    """A person as the principal of a work: without an organisation, a key or a role."""
    return Principal(account, "person", "", NOBODY, "person", "", ())


async def bind_in_sign_in(runtime: Runtime, account: UUID, proof: Proof) -> None:
    """Bind an identity that a sign-in proves, unless it is bound already. Raises IdentityTaken."""
    async with runtime.database.sessions() as session:
        evidence = Confirmation.of(b"sign-in", key=account.bytes, level=proof.level, method=proof.method)
        work = Work(session, Caller(principal_of(account), evidence), runtime)
        await _bind(work, account, proof)
        await work.commit()


async def bind_by_code(work: Work, account: UUID, new: NewBinding, *, recover: Recover | None = None) -> None:
    """Bind an identifier with an organisation's code; `recover` is for a new account, which this makes too.

    Raises CodeRefused, IdentityTaken.

    A try is counted before the code is compared, in a transaction of its own, so that no failure gives it back.
    """
    runtime, now, code = work.runtime, work.runtime.clock.now(), digest_of(new.code)
    async with runtime.database.sessions() as session:
        row = await queries.try_code(session, code, now=now, most=MOST_TRIES)
        await session.commit()
    if row is None:
        raise CodeRefused(_REFUSED)
    listed = await catalog.any_dataset(work.session, str(row.dataset_id))
    if listed.version is None:
        raise CodeRefused(_REFUSED)
    document = DatasetDocument.model_validate(listed.version.document)
    identity = parse_identity(row.organisation_id, document, field=row.field, value=new.value)
    if not secrets.compare_digest(identity.lookup(runtime.seal), row.lookup):
        raise CodeRefused(_REFUSED)
    if row.recovers and recover is None:
        raise CodeRefused("The code recovers an account: enrol with it, at POST /portal/enrolment.")
    proof = Proof(identity, row.level, "code", vouched_by=row.organisation_id)
    await _bind(work, account, proof, is_new=recover is not None, recover=recover if row.recovers else None)
    if not await queries.use_code(work.session, code):
        raise CodeRefused(_REFUSED)


async def _bind(
    work: Work, account: UUID, proof: Proof, *, is_new: bool = False, recover: Recover | None = None
) -> None:
    runtime, identity = work.runtime, proof.identity
    await work.pause()
    subject = (await keys.ensure(runtime, [identity]))[identity]
    async with runtime.database.pool.acquire() as connection:
        [number] = await numbers.ensure(connection, [identity.lookup(runtime.seal)])
    if is_new:
        await queries.add_account(work.session, account, runtime.clock.now())
    if recover is not None and proof.vouched_by is not None:
        await recover(work, number, proof.vouched_by)
    if number in {bound.number for bound in await queries.identities_of(work.session, account)}:
        return
    plain = json.dumps([identity.scheme, identity.value, proof.birth_date]).encode()
    bound = BoundIdentity(
        number=number,
        account_id=account,
        sealed=runtime.seal.close(plain, name=f"portal/{account}/{number}"),
        level=proof.level,
        method=proof.method,
        verified_at=runtime.clock.now(),
        vouched_by=proof.vouched_by,
    )
    if await queries.bind(work.session, bound) != account:
        raise IdentityTaken(_TAKEN)
    work.entry(
        entries.PersonBound,
        about=("subject", subject.pseudonym.hex()),
        level=proof.level,
        method=proof.method,
        secret=digest_of_secret(Tokens(runtime.seal).secret(number)),
    )


async def identities_of(work: Work, account: UUID) -> list[Bound]:
    """The identities of an account, opened."""
    opened = []
    for row in await queries.identities_of(work.session, account):
        name = f"portal/{account}/{row.number}"
        scheme, value, birth_date = json.loads(work.runtime.seal.open(row.sealed, name=name))
        opened.append(Bound(row.number, Identity(scheme, value), birth_date, row.level, row.method))
    return opened


async def unbind(work: Work, number: int) -> None:
    """Forget the identity of a person who is erased; the account stays, bound to nothing."""
    await queries.unbind(work.session, number)


async def give_code(work: Work, new: NewShownCode) -> CodeOut:
    """Make a code for a person whom the caller's organisation knows. Raises NotFound, Forbidden, RequestInvalid."""
    listed = await catalog.any_dataset(work.session, new.dataset)
    if listed.version is None or listed.owner.id != work.principal.organisation:
        raise NotFound("Your organisation has no published dataset of this name.")
    work.permit("subject", "identify", listed.owner.id, side="the owner of the data")
    document = DatasetDocument.model_validate(listed.version.document)
    identity = parse_identity(listed.owner.id, document, field=new.field, value=new.value)
    code, now = secrets.token_hex(_OCTETS), work.runtime.clock.now()
    expires_at = now + timedelta(days=work.runtime[PortalSettings].portal_code_days)
    work.session.add(
        BindingCode(
            code=digest_of(code),
            lookup=identity.lookup(work.runtime.seal),
            organisation_id=listed.owner.id,
            dataset_id=listed.dataset.id,
            field=new.field or next(field.name for field in document.fields if field.subject_key),
            level=new.level,
            recovers=new.recovers,
            tries=0,
            expires_at=expires_at,
        )
    )
    work.entry(
        entries.BindingCodeGiven,
        about=("dataset", listed.dataset.id),
        until=rfc3339(expires_at),
        recovers=new.recovers or None,
    )
    return CodeOut(code=code, expires_at=expires_at)
