"""The exchange of these tests: one for each module."""

from collections.abc import AsyncIterator

import pytest

from exchange.settings import Settings
from tests.support.exchanges.exchange import URL
from tests.support.exchanges.starting import delete_rows
from tests.support.sharing.trading import TradingExchange, start_trading


@pytest.fixture(scope="module")
async def trading(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TradingExchange]:
    """An exchange with a seller whose rights are registered, and a market operator. Each test makes its own listing."""
    await delete_rows(database_url)
    place = tmp_path_factory.mktemp("trading")
    settings = Settings(data=place, database_url=database_url, public_url=URL, checkpoint_interval=0.1)
    async with start_trading(settings) as exchange:
        yield exchange
