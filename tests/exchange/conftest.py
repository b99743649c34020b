"""The shared fixtures of the exchange's tests."""

import io
from collections.abc import AsyncIterator
from functools import partial

import pytest

from exchange.kernel import logs
from exchange.settings import Settings
from tests.support.exchanges.exchange import URL
from tests.support.exchanges.populated import PopulatedExchange, start_populated_exchange
from tests.support.exchanges.starting import delete_rows


@pytest.fixture(scope="module")
async def populated_exchange(
    database_url: str, people_table: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[PopulatedExchange]:
    """An exchange in use, for one module's tests that leave it as it is."""
    await delete_rows(database_url)
    settings = Settings(
        data=tmp_path_factory.mktemp("scene"),
        database_url=database_url,
        public_url=URL,
        checkpoint_interval=0.1,
        upload_bytes_max=100_000,
    )
    async with start_populated_exchange(settings, people_table) as populated_exchange:
        yield populated_exchange


@pytest.fixture
def log_output(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """The exchange's log."""
    stream = io.StringIO()
    monkeypatch.setattr(logs, "configure", partial(logs.configure, stream=stream))
    return stream
