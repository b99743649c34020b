"""The documents about participants that requests and answers hold."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from nacl.bindings import crypto_core_ed25519_is_valid_point
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from exchange.kernel.schemas import Handle, In, Out, Text, with_example
from exchange.participants import uscc
from groundwork import base64url

Kind = Literal["department", "enterprise", "institution"]
Level = Literal["province", "city", "county", "none"]
Role = Literal[
    "steward", "approver", "consumer", "auditor", "registrar", "operator", "security_administrator", "market_operator",
    "authority",
]  # fmt: skip


def _code(value: str) -> str:
    if wrong := uscc.fault(value):
        raise ValueError(wrong)
    return value


def _public_key(value: str) -> str:
    try:
        raw = base64url.decode(value)
    except ValueError as error:
        raise ValueError("an Ed25519 public key is 32 bytes in base64url without padding") from error
    if not crypto_core_ed25519_is_valid_point(raw):
        raise ValueError("this is no Ed25519 public key: it is not on the curve, or of small order")
    return value


PublicKey = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$"),
    AfterValidator(_public_key),
    Field(
        description="Ed25519 public key, 32 bytes, base64url", examples=["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"]
    ),
]


_PROOF = {
    "expires": 1_767_312_000,
    "signature": "PuZX2HB9pFUSliy9oLsMFRD8OCDv6hoL9faz6QW0iF47TSaTMGz-z2B5pteN0UsiRP9c3yIpCQM1hrbtgGWlDQ",
}


class Possession(In):
    """The proof that the holder of a key agrees to its registration: docs/signing.md, "Registering a key"."""

    expires: Annotated[int, Field(ge=0, lt=2**53, description="Unix seconds; at most 31 days ahead")]
    signature: Annotated[
        str,
        StringConstraints(pattern=r"^[A-Za-z0-9_-]{86}$"),
        Field(description="The new key's Ed25519 signature over its registration, 64 bytes, base64url"),
    ]


class NewPrincipal(In):
    """A member or system to enrol, with its first key and its roles in its own organisation."""

    model_config = with_example(
        {
            "kind": "system",
            "handle": "talent-service",
            "title": "Talent service platform",
            "public_key": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "proof": _PROOF,
            "roles": ["consumer"],
        }
    )

    kind: Literal["member", "system"]
    handle: Handle
    title: Annotated[Text, Field(examples=["Talent service platform"])]
    public_key: PublicKey
    proof: Possession
    roles: Annotated[list[Role], Field(max_length=9, examples=[["consumer"]])] = []


_NEEDED: tuple[Role, ...] = ("steward", "security_administrator")


class FoundingOrganisation(In):
    """An organisation with its first members. The one that founds the exchange is of this form."""

    handle: Handle
    kind: Kind
    code: Annotated[
        str,
        AfterValidator(_code),
        Field(description="Unified social credit code, GB 32100-2015", examples=["11330000002482031M"]),
    ]
    level: Annotated[Level, Field(description="Administrative level; `none` for those outside the administration")]
    region: Annotated[str | None, Field(pattern=r"^[0-9]{6}$", description="GB/T 2260 code", examples=["330000"])] = (
        None
    )
    parent: Annotated[UUID | None, Field(description="The organisation this one is part of")] = None
    name_zh: Text
    name_en: Text
    first_member: NewPrincipal
    further_members: Annotated[
        list[NewPrincipal], Field(max_length=7, description="Further members who act for it from the beginning")
    ] = []
    separates_duties: Annotated[
        bool, Field(description="Whether nobody holds two of steward, approver and security administrator in it")
    ] = False

    @property
    def members(self) -> list[NewPrincipal]:
        """All first members."""
        return [self.first_member, *self.further_members]

    @model_validator(mode="after")
    def _department_has_level(self) -> Self:
        if self.kind == "department" and self.level == "none":
            raise ValueError("a department has a level: province, city or county")
        return self


class NewOrganisation(FoundingOrganisation):
    """An organisation that asks to join, with the first members who act for it.

    One of them is a steward, who enrols people and systems, and one a security administrator, who assigns roles: the
    same person, or two. `separates_duties` demands that steward, approver and security administrator are three persons.
    """

    model_config = with_example(
        {
            "handle": "demo-education",
            "kind": "department",
            "code": "11330000002482031M",
            "level": "province",
            "region": "330000",
            "name_zh": "示范教育厅",
            "name_en": "Demo Department of Education",
            "first_member": {
                "kind": "member",
                "handle": "steward",
                "title": "Data steward",
                "public_key": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "proof": _PROOF,
                "roles": ["steward", "consumer"],
            },
            "further_members": [
                {
                    "kind": "member",
                    "handle": "head",
                    "title": "Head of the sharing office",
                    "public_key": "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw",
                    "proof": _PROOF,
                    "roles": ["approver", "security_administrator"],
                }
            ],
        }
    )

    @model_validator(mode="after")
    def _members_can_act(self) -> Self:
        if any(member.kind != "member" for member in self.members):
            raise ValueError("the first members are persons: their kind is `member`; they enrol the systems")
        if len({member.handle for member in self.members}) < len(self.members):
            raise ValueError("each of the first members has a handle of its own")
        if len({member.public_key for member in self.members}) < len(self.members):
            raise ValueError("each of the first members has a key of its own")
        held = {role for member in self.members for role in member.roles}
        if missing := [role for role in _NEEDED if role not in held]:
            raise ValueError(
                f"none of the first members has the role {' or '.join(missing)}: a steward enrols people and systems, "
                "and a security_administrator assigns roles; give these roles to one member, or to two"
            )
        return self


class OrganisationOut(Out):
    """An organisation as everyone on the exchange sees it."""

    id: UUID
    handle: str
    kind: Kind
    code: str
    level: Level
    region: str | None
    parent_id: UUID | None
    name_zh: str
    name_en: str
    state: Literal["registered", "admitted", "suspended", "departed"]
    registered_at: datetime
    separates_duties: Annotated[
        bool, Field(description="Whether nobody holds two of steward, approver and security administrator in it")
    ]


class DutiesChange(In):
    """Whether an organisation separates the duties of steward, approver and security administrator."""

    model_config = with_example({"separated": True})

    separated: bool


class PrincipalOut(Out):
    """A member or system."""

    id: UUID
    organisation_id: UUID
    kind: Literal["member", "system"]
    handle: str
    title: str
    state: Literal["active", "suspended"]
    enrolled_at: datetime
    roles: Annotated[list[str], Field(description="The roles that it holds in its own organisation")]


class NewKey(In):
    """A further key of a principal; with `supersedes`, the old one ends after the overlap."""

    model_config = with_example(
        {
            "public_key": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "proof": _PROOF,
            "supersedes": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            "overlap_seconds": 86_400,
        }
    )

    public_key: PublicKey
    proof: Possession
    supersedes: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_-]{43}$", description="The key to replace")] = None
    overlap_seconds: Annotated[int, Field(ge=0, le=30 * 86_400, description="How long both stay valid")] = 86_400


class KeyOut(Out):
    """A key and its state."""

    id: Annotated[str, Field(description="RFC 7638 thumbprint; the `keyid` of signatures")]
    principal_id: UUID
    state: Literal["registered", "active", "ended", "revoked"]
    not_before: datetime
    not_after: datetime | None


class RoleChange(In):
    """A role to assign or revoke, in an organisation or in the exchange as a whole."""

    model_config = with_example({"role": "approver", "domain": "01930b2e-6f1a-7000-8000-000000000001"})

    role: Role
    domain: Annotated[UUID | Literal["exchange"], Field(description="An organisation's id, or `exchange`")]


class Me(Out):
    """The sender of a request, as the exchange knows it."""

    organisation: OrganisationOut
    principal: PrincipalOut
    key: str
    roles: list[tuple[str, str]]
