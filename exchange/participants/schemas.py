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
    "steward", "approver", "consumer", "auditor", "registrar", "operator", "security_administrator", "market_operator"
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


class NewPrincipal(In):
    """A member or system to enrol, with its first key and its roles in its own organisation."""

    model_config = with_example(
        {
            "kind": "system",
            "handle": "talent-service",
            "title": "Talent service platform",
            "public_key": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "roles": ["consumer"],
        }
    )

    kind: Literal["member", "system"]
    handle: Handle
    title: Annotated[Text, Field(examples=["Talent service platform"])]
    public_key: PublicKey
    roles: Annotated[list[Role], Field(max_length=8, examples=[["consumer"]])] = []


class NewOrganisation(In):
    """An organisation that asks to join, with the first member who can act for it."""

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
                "roles": ["steward", "approver"],
            },
        }
    )

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

    @model_validator(mode="after")
    def _department_has_level(self) -> Self:
        if self.kind == "department" and self.level == "none":
            raise ValueError("a department has a level: province, city or county")
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


class PrincipalOut(Out):
    """A member or system."""

    id: UUID
    organisation_id: UUID
    kind: Literal["member", "system"]
    handle: str
    title: str
    state: Literal["active", "suspended"]
    enrolled_at: datetime


class NewKey(In):
    """A further key of a principal; with `supersedes`, the old one ends after the overlap."""

    model_config = with_example(
        {
            "public_key": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "supersedes": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            "overlap_seconds": 86_400,
        }
    )

    public_key: PublicKey
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
