"""Let an organisation join: make its keys in the data directory, and do everything else through the API.

That suits an exchange on one machine. An organisation elsewhere makes its own keys (`exchange-client keygen`) and hands
over only their public halves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from admin.data_directory import DataDirectory
from admin.terminal import CannotDo
from data_exchange_client.api import Client
from data_exchange_client.keys import SigningKey

STEWARD_ROLES = ("steward", "approver", "consumer", "security_administrator")
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An organisation that joins. `code` is its unified social credit code, `region` a GB/T 2260 code."""

    handle: str
    kind: str
    level: str
    code: str
    name_zh: str
    name_en: str
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """An admitted organisation with the keys of its steward and its system, and the ledger index of its admission."""

    organisation: dict[str, Any]
    steward: SigningKey
    system: SigningKey
    entry: int | None


def join(directory: DataDirectory, connect: Callable[[SigningKey], Client], newcomer: Newcomer) -> Joined:
    """Register and admit an organisation, and enrol its system; idempotent.

    `connect` makes a client for a key. Raises what Client.request raises.
    """
    steward, system = (_load_or_create(directory, name) for name in (newcomer.handle, f"{newcomer.handle}-system"))
    with connect(SigningKey.load(directory.key_file("operator"))) as operator:
        organisation = _look_up(operator, newcomer.handle) or _register(operator, newcomer, steward)
        entry = None
        if organisation["state"] == "registered":
            admitted = operator.request("POST", f"/api/v1/organisations/{organisation['id']}/admission")
            organisation, entry = admitted.json(), admitted.entry
    with connect(steward) as client:
        principals = f"/api/v1/organisations/{organisation['id']}/principals"
        if not any(principal["kind"] == "system" for principal in client.request("GET", principals).json()):
            client.request(
                "POST",
                principals,
                json={
                    "kind": "system",
                    "handle": "service",
                    "title": f"{newcomer.name_en}: service",
                    "public_key": system.public_text,
                    "roles": ["consumer"],
                },
            )
    return Joined(organisation, steward, system, entry)


def _load_or_create(directory: DataDirectory, name: str) -> SigningKey:
    path = directory.key_file(name)
    if not path.exists():
        SigningKey.generate().save(path)
    return SigningKey.load(path)


def _look_up(operator: Client, handle: str) -> dict[str, Any] | None:
    after = ""
    while True:
        page = operator.request("GET", "/api/v1/organisations", params={"after": after, "limit": _PAGE}).json()
        for organisation in page:
            if organisation["handle"] == handle:
                return dict(organisation)
        if len(page) < _PAGE:
            return None
        after = page[-1]["handle"]


def _register(operator: Client, newcomer: Newcomer, steward: SigningKey) -> dict[str, Any]:
    document = {
        "handle": newcomer.handle,
        "kind": newcomer.kind,
        "code": newcomer.code,
        "level": newcomer.level,
        "region": newcomer.region,
        "name_zh": newcomer.name_zh,
        "name_en": newcomer.name_en,
        "first_member": {
            "kind": "member",
            "handle": "steward",
            "title": f"{newcomer.name_en}: steward",
            "public_key": steward.public_text,
            "roles": list(STEWARD_ROLES),
        },
    }
    return dict(operator.request("POST", "/api/v1/organisations", json=document).json())


def require_name(directory: DataDirectory, handle: str) -> None:
    """Raise CannotDo for a handle that no participant can have."""
    if not directory.can_be_participant(handle):
        raise CannotDo(
            f"{handle!r} cannot be the handle of a participant",
            hint="small letters, digits and hyphens, at most 63; not the name of one of the exchange's own keys",
        )
