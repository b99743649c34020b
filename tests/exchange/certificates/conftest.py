"""The exchange of these tests."""

from collections.abc import AsyncIterator

import pytest

from exchange.settings import Settings
from tests.support.sharing.registering import MONDAY, RegisteringExchange, start_registering


@pytest.fixture
async def registering(settings: Settings) -> AsyncIterator[RegisteringExchange]:
    """An exchange with a registrar, on a Monday."""
    async with start_registering(settings, at=MONDAY) as exchange:
        yield exchange
