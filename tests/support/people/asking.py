"""An exchange whose owner offers answers about people, and whose consumer may ask for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from exchange.kernel.clock import SettableClock
from exchange.settings import Settings
from tests.support.exchanges.exchange import Answer, Exchange, Key, Party
from tests.support.exchanges.filled import start_filled

ANSWERS = "/api/v1/answers"
CSV = "person_id,name,degree,score\n" + "".join(
    f"P{n:05d},陈{n},{'博士' if n % 3 == 0 else '本科'},{n}\n" for n in range(1, 31)
)
OFFERED: list[dict[str, Any]] = [
    {"name": "holds-doctorate", "title": "是否博士", "title_en": "Holds a doctorate", "where": "degree = '博士'"},
    {"name": "scores-ten", "title": "是否十分以上", "title_en": "Scores ten or more", "where": "score >= 10"},
]


@dataclass(frozen=True, kw_only=True)
class Asking:
    """The owner and its dataset `owner/degrees`, the consumer, and their agreement."""

    exchange: Exchange
    owner: Party
    consumer: Party
    source: dict[str, Any]
    dataset: dict[str, Any]
    agreement: dict[str, Any]

    async def ask(
        self, *people: Any, answers: Any = ("holds-doctorate",), key: Key | None = None, **more: Any
    ) -> Answer:
        """Ask as the consumer's system."""
        purpose = more.pop("purpose", "talent-service")
        document = {"dataset": "owner/degrees", "people": list(people), "answers": list(answers), **more}
        return await self.exchange.call(key or self.consumer.system, "POST", ANSWERS, document, purpose=purpose)

    async def ask_ok(self, *people: Any, **more: Any) -> list[dict[str, str]]:
        """Ask, and return what is true of each person."""
        answer = await self.ask(*people, **more)
        assert answer.status == 200, answer.content.decode()
        verdicts: list[dict[str, str]] = answer.json["people"]
        return verdicts

    async def publish(self, **terms: Any) -> None:
        """Publish the dataset again with other terms."""
        document = self.dataset["document"]
        draft = {
            "source": self.source["id"],
            "handle": "degrees",
            "document": {**document, "terms": {**document["terms"], **terms}},
        }
        address = f"/api/v1/datasets/{self.dataset['id']}"
        await self.exchange.call_ok(self.owner.steward, "PUT", f"{address}/draft", draft)
        await self.exchange.call_ok(self.owner.steward, "POST", f"{address}/publication")


@asynccontextmanager
async def start_asking(settings: Settings, *, clock: SettableClock | None = None) -> AsyncIterator[Asking]:
    """Start an exchange on an empty database with a dataset that offers answers, and grant it."""
    async with start_filled(settings, offer_answers, clock=clock) as asking:
        yield asking


async def offer_answers(
    exchange: Exchange, *, source: dict[str, Any] | None = None, approval: dict[str, Any] | None = None, **terms: Any
) -> Asking:
    """Publish a dataset that offers its number and answers about degree and score, which it does not offer, and grant it."""
    owner = await exchange.admit("owner")
    consumer = await exchange.admit("consumer", kind="institution", level="none")
    source = source or await exchange.register_file(owner, CSV.encode())
    terms = {"fields": ["person_id"], "answers": OFFERED} | terms
    dataset = await exchange.publish_dataset(owner, source, "degrees", terms=terms)
    agreement = await exchange.conclude_agreement(consumer, owner, dataset, **(approval or {}))
    return Asking(
        exchange=exchange, owner=owner, consumer=consumer, source=source, dataset=dataset, agreement=agreement
    )
