"""What the tests of the exchange share."""

import io
from collections.abc import AsyncIterator
from functools import partial

import pytest

from exchange.kernel import logs
from exchange.settings import Settings
from tests.support.founded import empty
from tests.support.scene import Scene, staged
from tests.support.world import URL


@pytest.fixture(scope="module")
async def scene(database_url: str, people_table: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """An exchange in use, for one module's tests that leave it as it is."""
    await empty(database_url)
    settings = Settings(
        data=tmp_path_factory.mktemp("scene"),
        database_url=database_url,
        public_url=URL,
        checkpoint_interval=0.1,
        upload_bytes_max=100_000,
    )
    async with staged(settings, people_table) as scene:
        yield scene


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the exchange writes to its log."""
    stream = io.StringIO()
    monkeypatch.setattr(logs, "configure", partial(logs.configure, stream=stream))
    return stream
