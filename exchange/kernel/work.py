"""The unit of work: what a verb changes and what the ledger says about it become true together, or not at all."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from exchange.kernel.clock import rfc3339
from exchange.kernel.database import AsyncSession
from exchange.kernel.database import driver as driver
from exchange.kernel.problems import Forbidden
from exchange.kernel.runtime import Runtime
from ledger import entries
from ledger.log import store
from ledger.log.head import lock_head


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: a member or system, the organisation it acts for, the key it signed with, the roles it holds."""

    id: UUID
    kind: str
    handle: str
    organisation: UUID
    organisation_kind: str
    key: str
    assignments: tuple[tuple[str, str], ...]

    @property
    def actor(self) -> entries.Actor:
        """The principal as ledger entries name it."""
        return entries.Actor(principal=str(self.id), organisation=str(self.organisation), key=self.key)

    def domains_of(self, *roles: str) -> set[str]:
        """The domains in which one of the roles is held."""
        return {domain for role, domain in self.assignments if role in roles}


@dataclass(slots=True)
class Work:
    """One request's work: a session in a transaction, who acts, and the entries it will leave."""

    session: AsyncSession
    principal: Principal
    runtime: Runtime
    request: entries.Request | None
    nonce: store.Nonce | None = None
    fence: int = -1
    confirm: Callable[[], Awaitable[None]] | None = None
    """Asked under the ledger's lock when the fence has moved since the sender was looked at; raises if it may not act now."""
    recorded: list[entries.Body] = field(default_factory=list)
    appended: list[int] = field(default_factory=list)
    afterwards: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """Done once all is committed, before the answer leaves; it may not raise, since what was done is done."""

    @property
    def now(self) -> str:
        """The present time as entries print it."""
        return rfc3339(self.runtime.clock.now())

    def may(self, resource: str, verb: str, domain: UUID | str) -> bool:
        """Whether the principal's roles permit a verb on a kind of resource in a domain."""
        return self.runtime.roles.permits(
            principal=str(self.principal.id),
            assignments=self.principal.assignments,
            domain=str(domain),
            resource=resource,
            verb=verb,
        ).allow

    def permit(self, resource: str, verb: str, domain: UUID | str) -> None:
        """Refuse unless the principal's roles permit this. Raises Forbidden, which names the roles that would."""
        if self.may(resource, verb, domain):
            return
        roles = ", ".join(self.runtime.roles.who_may(resource, verb)) or "no role"
        raise Forbidden(
            f"{resource}:{verb} is permitted to: {roles}. A security administrator assigns roles.",
            needed=list(self.runtime.roles.who_may(resource, verb)),
        )

    def entry(
        self,
        model: type[entries.Body],
        *,
        about: tuple[str, UUID | str] | None = None,
        version: int | None = None,
        **fields: Any,
    ) -> None:
        """Leave an entry of a model; it is appended when the work commits.

        `about` is the kind and identifier of the object, `version` the object's version. Time, actor and evidence are the
        work's. Raises pydantic.ValidationError for a field that the model does not have.
        """
        common: dict[str, Any] = {"at": self.now, "actor": self.principal.actor, "request": self.request}
        if about is not None:
            kind, identifier = about
            common["object"] = entries.Object(kind=kind, id=str(identifier), version=version)
        self.record(model.model_validate({**common, **fields}))

    def record(self, body: entries.Body) -> None:
        """Leave an entry; it is appended when the work commits."""
        self.recorded.append(body)

    async def order(self) -> int:
        """Use up the request's nonce and lock the ledger's end already now: what is read next, no other entry can end.

        Returns the index that the first entry of this work will have. Raises store.Replayed.
        """
        await self.session.flush()
        connection = await driver(self.session)
        if self.nonce is not None and not await store.use_nonces(connection, [self.nonce]):
            raise store.Replayed
        self.nonce = None
        return (await lock_head(connection)).size

    async def pause(self) -> None:
        """End the transaction so far and give its connection back, for as long as something slow is waited for.

        Nothing may have been changed yet; what was read has to be read again.
        """
        await self.session.rollback()

    async def commit(self) -> None:
        """Use up the request's nonce, append the entries, and commit. Raises store.Replayed, or what `confirm` raises."""
        await self.session.flush()
        connection = await driver(self.session)
        if self.nonce is not None and not await store.use_nonces(connection, [self.nonce]):
            raise store.Replayed
        if self.recorded:
            head = await lock_head(connection)
            if self.confirm is not None and head.fence != self.fence:
                await self.confirm()
            outcomes = await store.append(
                connection,
                [store.Submission(body.canonical()) for body in self.recorded],
                advance_fence=any(body.affects_decisions for body in self.recorded),
            )
            self.appended = indexes(outcomes)
        await self.session.commit()
        for follow in self.afterwards:
            await follow()


def indexes(outcomes: Sequence[store.Outcome]) -> list[int]:
    """The indexes of unconditional submissions, none of which can have been refused."""
    return [outcome for outcome in outcomes if isinstance(outcome, int)]
