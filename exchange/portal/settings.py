"""Settings of the portal: the identity provider, what its claims mean, and how long sessions last."""

from typing import Annotated, Self, get_args
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from exchange.catalog.identifier_schemes import IdentifierScheme
from exchange.kernel.settings import KernelSettings, list_of

_SCHEMES = frozenset(get_args(IdentifierScheme))
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})


class PortalSettings(KernelSettings):
    """The portal for people. Without an issuer or an enrolment nobody gets in."""

    portal_issuer: Annotated[
        str | None, Field(description="The issuer of the identity provider (OpenID Connect); unset: no portal")
    ] = None
    portal_client_id: Annotated[str | None, Field(description="The exchange's client id at the provider")] = None
    portal_client_secret: Annotated[
        SecretStr | None, Field(description="The client's secret; unset: a public client, protected by PKCE alone")
    ] = None
    portal_scopes: Annotated[str, Field(description="The scopes that a sign-in asks for")] = "openid"
    portal_identifiers: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(list_of),
        Field(
            description="Claims that hold verified identifiers, as scheme=claim, separated by commas, such as "
            "cn-resident-id=id_number; a provider without such claims leaves people to bind a number once with a code"
        ),
    ] = ()
    portal_birth_claim: Annotated[str, Field(description="The claim that holds the date of birth")] = "birthdate"
    portal_home: Annotated[
        str, Field(pattern=r"^/(?:[A-Za-z0-9_-][A-Za-z0-9/_-]*)?$", description="Where a sign-in ends: a path here")
    ] = "/portal/me"
    portal_idle_minutes: Annotated[
        int, Field(ge=1, le=24 * 60, description="How long a session lasts without a request, minutes")
    ] = 30
    portal_session_minutes: Annotated[
        int, Field(ge=1, le=7 * 24 * 60, description="How long a session lasts at most, minutes")
    ] = 480
    portal_enrolment: Annotated[
        bool,
        Field(
            description="Whether a code from an organisation that knows a person is enough for an account with a passkey, "
            "without an identity provider"
        ),
    ] = False
    portal_passkey_domain: Annotated[
        str | None,
        Field(
            description="The domain that passkeys are for: that of the public URL, which it is if unset, or one above"
        ),
    ] = None
    portal_code_days: Annotated[
        int, Field(ge=1, le=90, description="How long a code lasts with which a person binds an identifier, days")
    ] = 14

    @property
    def claims(self) -> dict[str, str]:
        """The claim of each scheme."""
        return dict(pair.split("=", 1) for pair in self.portal_identifiers)

    @model_validator(mode="after")
    def _refuse_half_a_provider(self) -> Self:
        if (self.portal_issuer is None) != (self.portal_client_id is None):
            raise ValueError("EXCHANGE_PORTAL_ISSUER and EXCHANGE_PORTAL_CLIENT_ID belong together")
        for pair in self.portal_identifiers:
            scheme, separator, claim = pair.partition("=")
            if not separator or not claim or scheme not in _SCHEMES:
                raise ValueError(
                    f"EXCHANGE_PORTAL_IDENTIFIERS has scheme=claim, where a scheme is one of {', '.join(sorted(_SCHEMES))}"
                )
        if self.portal_issuer is not None:
            parts = urlsplit(self.portal_issuer)
            is_local = parts.hostname in _LOOPBACK and self.environment != "production"
            if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
                raise ValueError("EXCHANGE_PORTAL_ISSUER is an https URL")
        return self
