"""The kernel's settings, and the class that every room's group of settings extends.

A group is frozen and made once; `exchange.settings.Settings` is all of them together.
"""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_LOOPBACK = ("localhost", "127.0.0.1")


def list_of(value: object) -> object:
    """Split a comma-separated environment variable; other values pass unchanged."""
    if not isinstance(value, str):
        return value
    return tuple(entry.strip() for entry in value.split(",") if entry.strip())


class KernelSettings(BaseSettings):
    """The data directory, the database and the address of an exchange."""

    model_config = SettingsConfigDict(env_prefix="EXCHANGE_", frozen=True, extra="ignore")

    environment: Annotated[
        Literal["development", "production"],
        Field(description="`production` refuses insecure settings, such as an http public URL"),
    ] = "development"
    data: Annotated[Path, Field(description="The data directory: keys, snapshots and the embedded database")] = Path(
        "exchange-data"
    )
    database_url: Annotated[
        SecretStr | None,
        Field(description="A PostgreSQL server, as postgresql://…; unset: the embedded one in the data directory"),
    ] = None
    owner_database_url: Annotated[
        SecretStr | None, Field(description="The login that owns the tables, for migrations; unset: database_url")
    ] = None
    public_url: Annotated[
        str, Field(description="The URL at which clients reach the exchange; signatures cover it")
    ] = "http://localhost:8000"
    deployment: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$",
            description="The exchange's name, the beginning of its ledger's origin; never change it later",
        ),
    ] = "exchange.local"
    metrics_port: Annotated[
        int | None,
        Field(ge=1, le=65535, description="The port at whose /metrics Prometheus reads metrics; unset: none"),
    ] = None
    metrics_host: Annotated[str, Field(description="The address of that port; strangers must not reach it")] = (
        "127.0.0.1"
    )
    access_log: Annotated[
        bool, Field(description="Whether each request is logged: its method, route, status, time, entry and principal")
    ] = True
    body_bytes_max: Annotated[int, Field(ge=1024, description="Largest JSON body, bytes")] = 1 << 20
    body_seconds: Annotated[
        float, Field(gt=0, le=300, description="Time for a body to arrive, beside that of body_pace, seconds")
    ] = 20.0
    body_pace: Annotated[
        int, Field(ge=1, description="Least pace of a body, uploads too: bytes that buy it one more second")
    ] = 64 << 10

    @model_validator(mode="after")
    def _refuse_an_unusable_public_url(self) -> Self:
        parts = urlsplit(self.public_url)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.rstrip("/") or parts.query:
            raise ValueError("EXCHANGE_PUBLIC_URL is a scheme and a host, such as https://exchange.example.org")
        if self.environment == "production" and parts.scheme != "https":
            raise ValueError("in production EXCHANGE_PUBLIC_URL must be https")
        return self

    def origin(self, incarnation: int = 1) -> str:
        """The ledger's origin line, `<deployment>/ledger/<incarnation>`, which is also its key's name."""
        return f"{self.deployment}/ledger/{incarnation}"

    @property
    def authorities(self) -> frozenset[str]:
        """The authorities that a signature may cover: the public one and, on a loopback, its other name."""
        return _public(self.public_url).authorities

    def target_uri(self, *, host: str | None, path: str, query: str) -> str:
        """The target URI of a request (RFC 9421 section 2.2.2), by the settings and not by a header.

        The public authority replaces a host outside `authorities`, so a request signed for another server fails here.
        """
        public = _public(self.public_url)
        authority = host if host in public.authorities else public.authority
        return f"{public.scheme}://{authority}{path}" + (f"?{query}" if query else "")


class _Public(NamedTuple):
    scheme: str
    authority: str
    authorities: frozenset[str]


@lru_cache(maxsize=8)
def _public(url: str) -> _Public:
    """The parts of a public URL, cached because every request needs them."""
    parts = urlsplit(url)
    if parts.hostname in _LOOPBACK:
        port = f":{parts.port}" if parts.port else ""
        return _Public(parts.scheme, parts.netloc, frozenset(f"{host}{port}" for host in _LOOPBACK))
    return _Public(parts.scheme, parts.netloc, frozenset({parts.netloc}))
