"""Let an organisation join: make its keys in the data directory, and do everything else through the API.

That suits an exchange on one machine. An organisation elsewhere makes its own keys (`exchange-client keygen`) and hands
over only their public halves.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from admin.data_directory import DataDirectory
from admin.terminal import CannotDo
from data_exchange_client.api import Client
from data_exchange_client.keys import SigningKey

STEWARD_ROLES = ("steward", "approver", "consumer", "security_administrator")
_PAGE = 500
_STEWARD = "steward"
_SYSTEM = "service"


@dataclass(frozen=True, slots=True)
class Person:
    """A first member: its handle in the organisation, its title, and its roles. `suffix` is of its key file's name."""

    handle: str
    title: str
    suffix: str
    roles: tuple[str, ...]


PEOPLE: Mapping[int, tuple[Person, ...]] = {
    1: (Person(_STEWARD, "steward", "", STEWARD_ROLES),),
    2: (
        Person(_STEWARD, "steward", "", ("steward", "consumer")),
        Person("head", "head of the sharing office", "-head", ("approver", "security_administrator")),
    ),
    3: (
        Person(_STEWARD, "steward", "", ("steward", "consumer")),
        Person("approver", "approver", "-approver", ("approver",)),
        Person("security", "security administrator", "-security", ("security_administrator",)),
    ),
}
"""The first members of an organisation, by their number. Three separate its duties for good."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An organisation that joins. `code` is its unified social credit code, `region` a GB/T 2260 code, `people`
    the number of its first members (PEOPLE).
    """

    handle: str
    kind: str
    level: str
    code: str
    name_zh: str
    name_en: str
    region: str | None = None
    people: int = 1


@dataclass(frozen=True, slots=True)
class Joined:
    """An admitted organisation with the keys of its first members by handle and of its system, and the ledger index of its
    admission.
    """

    organisation: dict[str, Any]
    members: Mapping[str, SigningKey]
    system: SigningKey
    entry: int | None

    @property
    def steward(self) -> SigningKey:
        """The steward's key."""
        return self.members[_STEWARD]


def join(directory: DataDirectory, connect: Callable[[SigningKey], Client], newcomer: Newcomer) -> Joined:
    """Register and admit an organisation, and enrol its system; idempotent.

    `connect` makes a client for a key. Raises what Client.request raises.
    """
    members = {
        person.handle: _load_or_create(directory, f"{newcomer.handle}{person.suffix}")
        for person in PEOPLE[newcomer.people]
    }
    system = _load_or_create(directory, f"{newcomer.handle}-system")
    with connect(SigningKey.load(directory.key_file("operator"))) as operator:
        organisation = _look_up(operator, newcomer.handle) or _register(operator, newcomer, members)
        entry = None
        if organisation["state"] == "registered":
            admitted = operator.request("POST", f"/api/v1/organisations/{organisation['id']}/admission")
            organisation, entry = admitted.json(), admitted.entry
    _enrol_system(connect, newcomer, organisation["id"], members, system)
    return Joined(organisation, members, system, entry)


def _enrol_system(
    connect: Callable[[SigningKey], Client],
    newcomer: Newcomer,
    organisation: str,
    members: Mapping[str, SigningKey],
    system: SigningKey,
) -> None:
    """Let the steward enrol the system, and the security administrator make it a consumer."""
    security = next(
        members[person.handle] for person in PEOPLE[newcomer.people] if "security_administrator" in person.roles
    )
    principals = f"/api/v1/organisations/{organisation}/principals"
    with connect(members[_STEWARD]) as client:
        enrolled = next((row for row in client.request("GET", principals).json() if row["kind"] == "system"), None)
        if enrolled is None:
            document = {
                "kind": "system",
                "handle": _SYSTEM,
                "title": f"{newcomer.name_en}: service",
                **system.registration(exchange=client.url, organisation=newcomer.handle, principal=_SYSTEM),
            }
            enrolled = client.request("POST", principals, json=document).json()
    with connect(system) as client:
        roles = client.request("GET", "/api/v1/me").json()["roles"]
    if ["consumer", organisation] not in roles:
        with connect(security) as client:
            role = {"role": "consumer", "domain": organisation}
            client.request("POST", f"/api/v1/principals/{enrolled['id']}/roles", json=role)


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


def _register(operator: Client, newcomer: Newcomer, members: Mapping[str, SigningKey]) -> dict[str, Any]:
    first, *further = (
        {
            "kind": "member",
            "handle": person.handle,
            "title": f"{newcomer.name_en}: {person.title}",
            **members[person.handle].registration(
                exchange=operator.url, organisation=newcomer.handle, principal=person.handle
            ),
            "roles": list(person.roles),
        }
        for person in PEOPLE[newcomer.people]
    )
    document = {
        "handle": newcomer.handle,
        "kind": newcomer.kind,
        "code": newcomer.code,
        "level": newcomer.level,
        "region": newcomer.region,
        "name_zh": newcomer.name_zh,
        "name_en": newcomer.name_en,
        "first_member": first,
        "further_members": further,
        "separates_duties": newcomer.people == len(PEOPLE),
    }
    return dict(operator.request("POST", "/api/v1/organisations", json=document).json())


def require_name(directory: DataDirectory, handle: str) -> None:
    """Raise CannotDo for a handle that no participant can have."""
    if not directory.can_be_participant(handle):
        raise CannotDo(
            f"{handle!r} cannot be the handle of a participant",
            hint="small letters, digits and hyphens, at most 63; not the name of one of the exchange's own keys",
        )
