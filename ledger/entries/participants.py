"""Organisations, their members and systems, keys, roles, and refused requests."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.entries.parts import Body, Time


class OrganisationRegistered(Body):
    """An organisation asked to join."""

    type: Literal["organisation.registered"] = "organisation.registered"
    code: str
    handle: str
    organisation_kind: Literal["department", "enterprise", "institution"]
    separates_duties: Annotated[
        bool | None,
        Field(description="true where steward, approver and security administrator have to be three persons"),
    ] = None

    @property
    def creates_object(self) -> bool:
        """The organisation is new."""
        return True


class OrganisationChanged(Body):
    """An organisation was admitted, suspended, reinstated, or departed; or it separated or united its duties."""

    type: Literal[
        "organisation.admitted",
        "organisation.suspended",
        "organisation.reinstated",
        "organisation.departed",
        "organisation.duties_separated",
        "organisation.duties_united",
    ]


class MemberEnrolled(Body):
    """A person was enrolled in an organisation. The name is only in the database."""

    type: Literal["member.enrolled"] = "member.enrolled"
    affects_decisions: ClassVar[bool] = False
    organisation: str

    @property
    def creates_object(self) -> bool:
        """The member is new."""
        return True


class SystemEnrolled(Body):
    """A machine client was enrolled in an organisation."""

    type: Literal["system.enrolled"] = "system.enrolled"
    affects_decisions: ClassVar[bool] = False
    organisation: str
    handle: str

    @property
    def creates_object(self) -> bool:
        """The system is new."""
        return True


class PrincipalChanged(Body):
    """A member or system was suspended or reinstated."""

    type: Literal["principal.suspended", "principal.reinstated"]


class KeyRegistered(Body):
    """A key was registered for a principal; `supersedes` is the key that it replaces after an overlap."""

    type: Literal["key.registered"] = "key.registered"
    principal: str
    public_key: Annotated[str, Field(description="base64url, 32 bytes")]
    supersedes: str | None = None
    until: Annotated[Time | None, Field(description="when the superseded key ends")] = None

    @property
    def creates_object(self) -> bool:
        """The key is new, and nothing else changes, unless it supersedes another."""
        return self.supersedes is None


class KeyRevoked(Body):
    """A principal's key was revoked."""

    type: Literal["key.revoked"] = "key.revoked"
    principal: str


class RoleChanged(Body):
    """A principal got or lost a role in a domain (an organisation, or `exchange`)."""

    type: Literal["role.assigned", "role.revoked"]
    role: str
    domain: str


class RequestRefused(Body):
    """A signed request other than for data was refused."""

    type: Literal["request.refused"] = "request.refused"
    affects_decisions: ClassVar[bool] = False
    method: str
    problem: str
    route: str


class RequestsRefused(Body):
    """Refusals of one process within a minute or so, beyond those that have entries of their own.

    Nobody is proven to have sent these requests.
    """

    type: Literal["requests.refused"] = "requests.refused"
    affects_decisions: ClassVar[bool] = False
    since: Annotated[Time, Field(description="the first of them")]
    problems: Annotated[dict[str, int], Field(description="their number by problem")]
