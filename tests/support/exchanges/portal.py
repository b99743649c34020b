"""An exchange with a portal: a real identity provider, and a dataset that identifies people by their national numbers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from exchange.kernel.clock import SettableClock
from exchange.settings import Settings
from tests.support.exchanges.exchange import URL, Answer, Exchange, Party, document_for
from tests.support.exchanges.filled import start_filled
from tests.support.exchanges.people import PeopleExchange
from tests.support.services.identity_provider import Browser

NUMBER, OTHER = "11010519491231002X", "440524188001010014"
CALLBACK = "/portal/sign-in/callback"
CSV = "person_id,name\n" + "".join(f"{number},陈\n" for number in (NUMBER, OTHER))


@dataclass
class Portal:
    """An exchange with a portal. `people` has the dataset `owner/people`, granted to its consumer."""

    people: PeopleExchange

    @property
    def owner(self) -> Party:
        """The owner of the dataset."""
        return self.people.owner

    def browser(self) -> Browser:
        """A browser that nobody has used."""
        return Browser(self.people)

    async def sign_in(self, login: str) -> Browser:
        """A browser in which somebody is signed in; `number:` and a national number is somebody whose number is bound."""
        browser = self.browser()
        answer = await browser.sign_in(login)
        assert answer.status == 303, answer.content
        return browser

    async def fetch(self, value: str) -> Answer:
        """Ask about one person, as the consumer."""
        return await self.people.fetch({"field": "person_id", "op": "eq", "value": value})

    async def give_code(self, value: str, **more: Any) -> str:
        """A code of the owner's for a person."""
        new = {"dataset": "owner/people", "value": value, "level": "counter", **more}
        answer = await self.people.call_ok(self.owner.steward, "POST", "/api/v1/subjects/codes", new)
        return str(answer["code"])


@asynccontextmanager
async def run_portal(
    database_url: str, data: Path, issuer: str, *, clock: SettableClock | None = None, **changes: Any
) -> AsyncIterator[Portal]:
    """Run an exchange with a portal on an empty database, whose people sign in at an identity provider."""
    settings = portal_settings(database_url, data, issuer, **changes)
    async with start_filled(settings, fill_portal, clock=clock) as portal:
        yield portal


def portal_settings(database_url: str, data: Path, issuer: str, **changes: Any) -> Settings:
    """The settings of an exchange whose people sign in at an identity provider."""
    return Settings(
        data=data,
        database_url=SecretStr(database_url),
        public_url=URL,
        checkpoint_interval=0.1,
        retention_days=0,
        portal_issuer=issuer,
        portal_client_id="exchange",
        portal_client_secret=SecretStr("a-secret"),
        portal_identifiers=("cn-resident-id=id_number",),
        **changes,
    )


async def fill_portal(exchange: Exchange) -> Portal:
    """Publish the dataset on an exchange that was just founded, and grant it."""
    owner, consumer = await exchange.admit("owner"), await exchange.admit("consumer", kind="institution")
    source = await exchange.register_file(owner, CSV.encode())
    document = document_for(source["description"]["fields"])
    for field in document["fields"]:
        if field["subject_key"]:
            field["identifier"] = "cn-resident-id"
    new = {"source": source["id"], "handle": "people", "document": document}
    drafted = await exchange.call_ok(owner.steward, "POST", "/api/v1/datasets", new)
    dataset = await exchange.call_ok(owner.steward, "POST", f"/api/v1/datasets/{drafted['id']}/publication")
    await exchange.conclude_agreement(consumer, owner, dataset)
    return Portal(
        PeopleExchange(
            exchange.app,
            exchange.client,
            exchange.keys,
            url=exchange.url,
            owner=owner,
            consumer=consumer,
            dataset=dataset,
            database_url=exchange.runtime.database.url,
        )
    )
