"""The unit of work: a verb's changes and its ledger entries are committed together, or not at all."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from exchange.kernel.clock import rfc3339
from exchange.kernel.database import AsyncSession, driver
from exchange.kernel.problems import Forbidden
from exchange.kernel.runtime import Runtime
from ledger import entries
from ledger.log import store
from ledger.log.head import lock_changes, lock_head
from policies.roles.roles import Permit

_EXCHANGE = "exchange"
_THE_EXCHANGE = "the exchange itself"


@dataclass(frozen=True, slots=True)
class Principal:
    """The member or system that acts, its organisation, the key it signed with, and its roles by domain."""

    id: UUID
    kind: str
    handle: str
    organisation: UUID
    organisation_kind: str
    key: str
    assignments: tuple[tuple[str, str], ...]

    @property
    def actor(self) -> entries.Actor:
        """The principal as the actor of an entry."""
        return entries.Actor(principal=str(self.id), organisation=str(self.organisation), key=self.key)

    def domains_of(self, *roles: str) -> set[str]:
        """The domains in which the principal holds one of the roles."""
        return {domain for role, domain in self.assignments if role in roles}


class Evidence(Protocol):
    """The proof that a caller asked for an act; `exchange/participants/door/evidence.py` has the kinds."""

    @property
    def digest(self) -> str:
        """Hex SHA-256 of what was signed or confirmed."""

    def fields(self, principal: Principal, /) -> dict[str, Any]:
        """The actor and the evidence, as the fields of an entry's body."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The principal that acts, with the evidence of the act."""

    principal: Principal
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Act:
    """A verb on a kind of resource in a domain; `side` is what the domain's organisation is to the object."""

    resource: str
    verb: str
    domain: UUID | str
    side: str = ""


@dataclass(slots=True)
class Work:
    """One request's work: a session in a transaction, the principal, and the entries to append."""

    session: AsyncSession
    caller: Caller
    runtime: Runtime
    nonce: store.Nonce | None = None
    fence: int = -1
    confirm: Callable[[], Awaitable[None]] | None = None
    """Called under the ledger's lock where the fence has moved since the sender was checked; raises if it may not act
    now.
    """
    recorded: list[entries.Body] = field(default_factory=list)
    appended: list[int] = field(default_factory=list)
    afterwards: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """Called after the commit and before the answer leaves. They may not raise: the work is done."""

    @property
    def principal(self) -> Principal:
        """The principal that acts."""
        return self.caller.principal

    @property
    def now(self) -> str:
        """The present time in the form of entries."""
        return rfc3339(self.runtime.clock.now())

    def permit_of(self, resource: str, verb: str, domain: UUID | str) -> Permit:
        """Whether the principal's roles permit a verb on a resource in a domain, and which of them do."""
        return self.runtime.roles.permits(
            principal=str(self.principal.id),
            assignments=self.principal.assignments,
            domain=str(domain),
            resource=resource,
            verb=verb,
        )

    def may(self, resource: str, verb: str, domain: UUID | str) -> bool:
        """Whether the principal's roles permit a verb on a resource in a domain."""
        return self.permit_of(resource, verb, domain).allow

    def permit(self, resource: str, verb: str, domain: UUID | str, *, side: str = "") -> None:
        """Refuse unless the principal's roles permit a verb. Raises Forbidden, which names the roles that do, and where.

        `side` is what the domain's organisation is to the object, such as "the owner of the data".
        """
        self.permit_one(Act(resource, verb, domain, side))

    def permit_one(self, *acts: Act) -> None:
        """Refuse unless the principal's roles permit one of these acts. Raises Forbidden."""
        if any(self.may(act.resource, act.verb, act.domain) for act in acts):
            return
        permitting = [self.runtime.roles.permitting(act.resource, act.verb, str(act.domain)) for act in acts]
        held = sorted(set(self.principal.assignments))
        raise Forbidden(
            f"{' '.join(map(self._who_may, acts, permitting))} {_state_held(held, own=str(self.principal.organisation))} "
            "A security administrator of the organisation assigns its roles, nobody to itself.",
            needed=list(dict.fromkeys(role for roles in permitting for role, _ in roles)),
            permitted=[
                {"role": role, "domain": _EXCHANGE if is_exchange else str(act.domain)}
                for act, roles in zip(acts, permitting, strict=True)
                for role, is_exchange in roles
            ],
            held=[{"role": role, "domain": domain} for role, domain in held],
        )

    def _who_may(self, act: Act, permitting: Sequence[tuple[str, bool]]) -> str:
        domain = str(act.domain)
        place = "your organisation" if domain == str(self.principal.organisation) else f"the organisation {domain}"
        place = f"{act.side} ({place})" if act.side else place
        parts = [
            f"{' or '.join(roles)} in {_THE_EXCHANGE if is_exchange else place}"
            for is_exchange in (False, True)
            if (roles := [role for role, here in permitting if here is is_exchange])
        ]
        return f"{act.resource}:{act.verb} needs the role {', or '.join(parts) or 'that nobody has'}."

    def entry(
        self,
        model: type[entries.Body],
        *,
        about: tuple[str, UUID | str] | None = None,
        version: int | None = None,
        **fields: Any,
    ) -> None:
        """Add an entry of a model; the commit appends it.

        `about` is the kind and identifier of the object, `version` the object's version. The work adds time, actor and
        evidence. Raises pydantic.ValidationError for a field that the model lacks.
        """
        common: dict[str, Any] = {"at": self.now, **self.caller.evidence.fields(self.principal)}
        if about is not None:
            kind, identifier = about
            common["object"] = entries.Object(kind=kind, id=str(identifier), version=version)
        self.recorded.append(model.model_validate({**common, **fields}))

    @property
    def moves_fence(self) -> bool:
        """Whether this work changes what decisions rest on."""
        return entries.moves_fence(self.recorded)

    async def order(self) -> int:
        """Use the request's nonce and take the ledger's lock now: no other entry comes before this work's own.

        Returns the index of this work's first entry. Raises store.Replayed, store.Expired.
        """
        await self.session.flush()
        connection = await driver(self.session)
        if self.nonce is not None:
            await store.use_nonce(connection, self.nonce)
        self.nonce = None
        await lock_changes(connection)
        return (await lock_head(connection)).size

    async def pause(self) -> None:
        """End the transaction and return its connection, before something slow.

        Call it before any change, and read again afterwards what was read before.
        """
        await self.session.rollback()

    async def commit(self) -> None:
        """Use the request's nonce, append the entries, and commit.

        Raises store.Replayed, store.Expired, and what `confirm` raises.
        """
        await self.session.flush()
        connection = await driver(self.session)
        if self.nonce is not None:
            await store.use_nonce(connection, self.nonce)
        if self.recorded:
            if self.moves_fence:
                await lock_changes(connection)
            head = await lock_head(connection)
            if self.confirm is not None and head.fence != self.fence:
                await self.confirm()
            outcomes = await store.append(
                connection,
                [store.Submission(body.canonical()) for body in self.recorded],
                advance_fence=self.moves_fence,
            )
            self.appended = indexes(outcomes)
        await self.session.commit()
        for follow in self.afterwards:
            await follow()


def _state_held(held: Sequence[tuple[str, str]], *, own: str) -> str:
    """A sentence about the roles that a principal holds; `own` is its organisation."""
    places = {own: "your organisation", _EXCHANGE: _THE_EXCHANGE}
    by_place: dict[str, list[str]] = {}
    for role, domain in held:
        by_place.setdefault(places.get(domain, f"the organisation {domain}"), []).append(role)
    listed = "; ".join(f"{', '.join(roles)} in {place}" for place, roles in by_place.items())
    return f"You hold: {listed}." if listed else "You hold no role."


def indexes(outcomes: Sequence[store.Outcome]) -> list[int]:
    """The indexes of unconditional submissions, which are never refused."""
    return [outcome for outcome in outcomes if isinstance(outcome, int)]
