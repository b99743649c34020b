"""The exchange of these tests."""

from collections.abc import AsyncIterator

import pytest

from exchange.settings import Settings
from tests.support.sharing.trading import TradingExchange, start_trading


@pytest.fixture
async def trading(settings: Settings) -> AsyncIterator[TradingExchange]:
    """An exchange with a seller whose rights are registered, and a market operator."""
    async with start_trading(settings) as exchange:
        yield exchange
