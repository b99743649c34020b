"""Settings: frozen, made once from the environment, handed to `create_app`; never read while modules are imported."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from adapters.network import AllowList
from ledger.format.further import Kind

_LOOPBACK = ("localhost", "127.0.0.1")


def _entries(value: object) -> object:
    """A list as it is written into a variable, between commas."""
    if not isinstance(value, str):
        return value
    return tuple(entry.strip() for entry in value.split(",") if entry.strip())


def _hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    AllowList(value)
    return value


class Settings(BaseSettings):
    """How one exchange runs. Each field is also the environment variable `EXCHANGE_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="EXCHANGE_", frozen=True, extra="ignore")

    environment: Annotated[
        Literal["development", "production"],
        Field(description="In production the public URL must be https, and sources' hosts be listed"),
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
    public_url: Annotated[str, Field(description="Where clients reach the exchange; signatures cover it")] = (
        "http://localhost:8000"
    )
    deployment: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$",
            description="The exchange's name, with which its ledger's origin begins; not to be changed later",
        ),
    ] = "exchange.local"
    signature_lifetime: Annotated[int, Field(ge=10, le=300, description="Longest expires - created, seconds")] = 300
    clock_skew: Annotated[int, Field(ge=0, le=300, description="How far ahead a client's clock may be, seconds")] = 30
    page_rows: Annotated[int, Field(ge=1, le=10_000, description="Rows of an answer without a limit")] = 100
    page_rows_max: Annotated[int, Field(ge=1, le=100_000, description="Most rows of one buffered answer")] = 5_000
    body_bytes_max: Annotated[int, Field(ge=1024, description="Largest JSON body, bytes")] = 1 << 20
    upload_bytes_max: Annotated[int, Field(ge=1024, description="Largest uploaded file, bytes")] = 2 << 30
    stranger_refusals: Annotated[
        int,
        Field(
            ge=1,
            description="Refusals a minute and process put on the ledger for requests nobody is proven to have sent",
        ),
    ] = 600
    checkpoint_interval: Annotated[float, Field(ge=0.05, le=600, description="Seconds between checkpoints")] = 1.0
    ledger_anchor: Annotated[
        Path | None,
        Field(
            description="The directory that remembers the last signed checkpoint, shared by all processes and never "
            "restored with the database; unset: `anchor` in the data directory, where only a restored database is noticed"
        ),
    ] = None
    ledger_key: Annotated[
        SecretStr | None,
        Field(
            description="The ledger's private key itself, PKCS #8 PEM or a seed of 32 bytes in base64 or hexadecimal, in "
            "place of a file; several, separated by commas, to rotate"
        ),
    ] = None
    answers_key: Annotated[
        SecretStr | None, Field(description="The same for the key that signs answers, in place of `exchange.pem`")
    ] = None
    pkcs11_module: Annotated[
        Path | None, Field(description="The PKCS #11 module of the token that has the ledger's key, in place of a file")
    ] = None
    pkcs11_token: Annotated[str | None, Field(description="The label of that token")] = None
    pkcs11_pin: Annotated[SecretStr | None, Field(description="Its user PIN")] = None
    timestamp_url: Annotated[
        str | None, Field(description="A timestamping authority (RFC 3161) to have checkpoints stamped by")
    ] = None
    timestamp_certificate: Annotated[
        Path | None, Field(description="The authority's certificate and those that issued it, PEM, its own first")
    ] = None
    timestamp_interval: Annotated[int, Field(ge=1, le=86_400, description="Seconds between timestamps")] = 60
    public_entries: Annotated[
        bool, Field(description="Whether anyone may read ledger entries; checkpoints and hashes are always public")
    ] = True
    subject_keys: Annotated[
        Path | None,
        Field(description="Where the secrets lie that an erasure destroys; unset: keys/subjects in the data directory"),
    ] = None
    retention_days: Annotated[
        int,
        Field(
            ge=0,
            le=36_600,
            description="Days that sealed details about a person are kept at least; an erasure before is refused",
        ),
    ] = 1096
    minimum_index: Annotated[
        int, Field(ge=0, description="Entries below this index are pruned: no longer shown, by whole bundles of 256")
    ] = 0
    retention_policy: Annotated[
        str | None,
        Field(
            description="The URL of the published policy that says which entries may be pruned, and when",
            max_length=500,
        ),
    ] = None
    opa_url: Annotated[str | None, Field(description="An OPA server to decide instead of the embedded engine")] = None
    opa_token: Annotated[SecretStr | None, Field(description="The bearer token for the OPA server")] = None
    opa_ca: Annotated[
        Path | None,
        Field(description="A PEM file of the authorities that may vouch for the OPA server; unset: the system's"),
    ] = None
    opa_binary: Annotated[
        Path | None,
        Field(
            description="OPA's binary, which then has to accept owners' modules as well; unset: the embedded engine alone"
        ),
    ] = None
    module_milliseconds: Annotated[
        int,
        Field(
            ge=5,
            le=1000,
            description="The processor's time that an owner's module may take for a decision, milliseconds",
        ),
    ] = 50
    module_processes: Annotated[
        int,
        Field(
            ge=1,
            le=1000,
            description="Processes for owners' modules, one each, that every process of the exchange has at most",
        ),
    ] = 8
    source_hosts: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(_entries),
        AfterValidator(_hosts),
        Field(
            description="Where PostgreSQL sources may be, separated by commas: host names, addresses, networks, "
            "directories of sockets, or `none`; unset: any host and no socket, which production refuses"
        ),
    ] = ()

    further_signatures: Annotated[
        tuple[Kind, ...],
        NoDecode,
        BeforeValidator(_entries),
        Field(
            description="Further signature lines on checkpoints, separated by commas: `ml-dsa-44`, `sm2` (which needs "
            "the extra `sm2`); unset: Ed25519 only"
        ),
    ] = ()
    witness_policy: Annotated[
        Path | None,
        Field(
            description="A trust policy (C2SP tlog-policy) whose witnesses, by their URLs, cosign checkpoints before "
            "they are published; unset: no witnesses"
        ),
    ] = None
    witness_timeout: Annotated[float, Field(gt=0, le=60, description="How long witnesses may take, seconds")] = 5.0
    witness_cutoff: Annotated[
        int,
        Field(
            ge=1,
            description="How old the first entry without a cosigned checkpoint may be, seconds, before deliveries stop",
        ),
    ] = 14_400

    @model_validator(mode="after")
    def _refuse_half_set_security(self) -> Self:
        if self.opa_token is not None and self.opa_url is None:
            raise ValueError("EXCHANGE_OPA_TOKEN is set without EXCHANGE_OPA_URL: set both or neither")
        if self.minimum_index and not self.retention_policy:
            raise ValueError(
                "EXCHANGE_MINIMUM_INDEX is set without EXCHANGE_RETENTION_POLICY: publish one before pruning"
            )
        if (self.timestamp_url is None) != (self.timestamp_certificate is None):
            raise ValueError(
                "EXCHANGE_TIMESTAMP_URL and EXCHANGE_TIMESTAMP_CERTIFICATE belong together: set both or neither"
            )
        if self.opa_ca is not None and not (self.opa_url or "").startswith("https://"):
            raise ValueError("EXCHANGE_OPA_CA is set, and EXCHANGE_OPA_URL is not https: nothing would be checked")
        return self

    @model_validator(mode="after")
    def _refuse_two_places_of_a_key(self) -> Self:
        token = (self.pkcs11_module, self.pkcs11_token, self.pkcs11_pin)
        if any(one is None for one in token) != all(one is None for one in token):
            raise ValueError("EXCHANGE_PKCS11_MODULE, _TOKEN and _PIN belong together: set all or none")
        if self.ledger_key is not None and self.pkcs11_module is not None:
            raise ValueError("the ledger's key is in EXCHANGE_LEDGER_KEY or in a PKCS #11 token, not in both")
        if self.further_signatures and self.pkcs11_module is not None:
            raise ValueError(
                "EXCHANGE_FURTHER_SIGNATURES follow from the key's seed, which a PKCS #11 token keeps to itself"
            )
        return self

    @model_validator(mode="after")
    def _refuse_addresses_that_do_not_work(self) -> Self:
        parts = urlsplit(self.public_url)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.rstrip("/") or parts.query:
            raise ValueError("EXCHANGE_PUBLIC_URL is a scheme and a host, such as https://exchange.example.org")
        if self.environment == "production" and parts.scheme != "https":
            raise ValueError("in production EXCHANGE_PUBLIC_URL must be https")
        if self.environment == "production" and not self.source_hosts:
            raise ValueError("in production EXCHANGE_SOURCE_HOSTS says where PostgreSQL sources may be, or `none`")
        if self.page_rows > self.page_rows_max:
            raise ValueError("EXCHANGE_PAGE_ROWS is above EXCHANGE_PAGE_ROWS_MAX")
        return self

    @property
    def slots(self) -> Path:
        """The directory of the secrets that an erasure destroys."""
        return self.subject_keys or self.data / "keys" / "subjects"

    def origin(self, incarnation: int = 1) -> str:
        """The ledger's origin line, `<deployment>/<ledger>/<incarnation>`, which is also its key's name."""
        return f"{self.deployment}/ledger/{incarnation}"

    @property
    def anchor(self) -> Path:
        """The directory of the ledger's anchor."""
        return self.ledger_anchor or self.data / "anchor"

    @property
    def authorities(self) -> frozenset[str]:
        """The authorities requests may be signed for: the public one and, on a loopback, its other name."""
        return _public(self.public_url).authorities

    def target_uri(self, *, host: str | None, path: str, query: str) -> str:
        """The URI a client meant (RFC 9421 section 2.2.2), from configuration rather than from what a header claims.

        A host outside `authorities` is replaced by the public one, so a request signed for elsewhere fails here.
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
    """The parts of a public URL; every request asks for them."""
    parts = urlsplit(url)
    if parts.hostname in _LOOPBACK:
        port = f":{parts.port}" if parts.port else ""
        return _Public(parts.scheme, parts.netloc, frozenset(f"{host}{port}" for host in _LOOPBACK))
    return _Public(parts.scheme, parts.netloc, frozenset({parts.netloc}))
