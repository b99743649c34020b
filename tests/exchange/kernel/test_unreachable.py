"""Only an unreachable database is reported as down, with the advice to try again later; other errors are not."""

import asyncpg
import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from exchange.kernel.database import engine_for, is_unreachable


@pytest.mark.parametrize(
    ("error", "is_so"),
    [
        (ConnectionRefusedError(111, "refused"), True),
        (TimeoutError(), True),
        (PoolTimeout(), True),
        (asyncpg.CannotConnectNowError("the database system is starting up"), True),
        (asyncpg.ConnectionDoesNotExistError("closed"), True),
        (asyncpg.DiskFullError("full"), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (FileNotFoundError(2, "no such file", "a snapshot"), False),
        (asyncpg.UndefinedTableError("no such table"), False),
        (asyncpg.NumericValueOutOfRangeError("out of range"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_it_is_told_apart(error: Exception, *, is_so: bool) -> None:
    assert is_unreachable(error) is is_so


async def test_behind_an_engine_too(tmp_path: object) -> None:
    engine = engine_for(f"postgresql:///nothing?host={tmp_path}", role=None)
    with pytest.raises(FileNotFoundError) as caught:
        await engine.connect().start()
    assert is_unreachable(caught.value)
    await engine.dispose()
