"""Founding: the first organisation, its three administrators and their keys, written when an exchange begins.

The system, security and audit administrators are three members with three keys (GB/T 22239-2019, level 3): the person
who runs the exchange neither assigns roles nor audits. There is no password, and an exchange is founded once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from exchange.kernel.database import driver
from exchange.kernel.identifiers import new_id
from exchange.kernel.keys.queries import remember_keys
from exchange.kernel.runtime import Runtime
from exchange.kernel.work import Caller, Principal, Work
from exchange.participants import queries, roles, service
from exchange.participants.door.evidence import Founding
from exchange.participants.schemas import FoundingOrganisation, NewPrincipal
from groundwork import base64url
from ledger import entries
from ledger.log.head import read_head
from signatures import Registration, prove_possession

EXCHANGE = "exchange"
_PROOF_SECONDS = 3600
ADMINISTRATORS: Mapping[str, tuple[str, str]] = {
    "operator": ("operator", "System administrator"),
    "security": ("security_administrator", "Security administrator"),
    "auditor": ("auditor", "Audit administrator"),
}
"""Handles of the three administrators, with the role and title each gets."""


class AlreadyFounded(RuntimeError):
    """The ledger has entries: this exchange was initialised before."""


@dataclass(frozen=True, slots=True)
class Founder:
    """The operator's organisation, and its administrators, by handle."""

    organisation: FoundingOrganisation
    administrators: Mapping[str, NewPrincipal]


def founder(
    *, handle: str, code: str, name_zh: str, name_en: str, pairs: Mapping[str, bytes], exchange: str, now: int
) -> Founder:
    """A founder whose first member is the system administrator.

    `pairs` are the administrators' keys, seed and public key (64 bytes together); they prove with them that they are the
    holders. `exchange` is the public URL, `now` the time in Unix seconds. Raises pydantic.ValidationError.
    """
    administrators = {}
    for name, (_, title) in ADMINISTRATORS.items():
        pair = pairs[name]
        registration = Registration(exchange.rstrip("/"), handle, name, pair[32:], now + _PROOF_SECONDS)
        proof = {
            "expires": registration.expires,
            "signature": base64url.encode(prove_possession(pair, registration)),
        }
        public = base64url.encode(registration.public_key)
        administrators[name] = NewPrincipal.model_validate(
            {"kind": "member", "handle": name, "title": title, "public_key": public, "proof": proof}
        )
    organisation = FoundingOrganisation(
        handle=handle,
        kind="institution",
        code=code,
        level="none",
        name_zh=name_zh,
        name_en=name_en,
        first_member=administrators["operator"],
    )
    return Founder(organisation, administrators)


async def initialise(runtime: Runtime, founder: Founder, *, vkey: str) -> UUID:
    """Write the first entries, in one transaction; returns the organisation's identifier. Raises AlreadyFounded.

    The entries name no actor: the founder has its roles for this act only, and is not stored.
    """
    async with runtime.database.sessions() as session:
        if (await read_head(await driver(session))).size:
            raise AlreadyFounded("this exchange is initialised already")
        acting = Principal(
            id=new_id(),
            kind="member",
            handle="founder",
            organisation=new_id(),
            organisation_kind="institution",
            key="",
            assignments=(("operator", EXCHANGE), ("security_administrator", EXCHANGE)),
        )
        work = Work(session, Caller(acting, Founding()), runtime)
        work.entry(entries.ExchangeInitialised, origin=runtime.origin, vkey=vkey)
        organisation = await service.register(work, founder.organisation)
        await service.change(work, organisation_id=organisation.id, verb="admit")
        members = {row.handle: row for row in await queries.principals_of(session, acting, organisation.id)}
        for handle, (role, _) in ADMINISTRATORS.items():
            member = members.get(handle) or await service.enrol(
                work,
                organisation_id=organisation.id,
                new=founder.administrators[handle],
            )
            roles.assign(work, member.id, role, EXCHANGE)
        await remember_keys(await driver(session), runtime.fingerprints, now=runtime.clock.now())
        await work.commit()
    return organisation.id
