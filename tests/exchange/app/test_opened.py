"""An application serves one exchange after another, and has no part of any of them in between."""

import pytest

from exchange.settings import Settings
from tests.support.exchanges.starting import restart_exchange, start_exchange


async def test_an_application_keeps_no_part_of_an_exchange(settings: Settings) -> None:
    async with start_exchange(settings) as exchange:
        former = exchange.runtime
        assert (await exchange.send("GET", "/", {})).status == 200
    with pytest.raises(AttributeError, match="runtime"):
        exchange.runtime  # noqa: B018 - reading it is what fails
    async with restart_exchange(settings) as again:
        assert again.app is exchange.app
        assert again.runtime is not former
