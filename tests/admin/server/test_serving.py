"""A server acts by its settings file and environment, and by nothing that it was served with before."""

from pathlib import Path

import pytest

from tests.support.exchanges.exchange import code
from tests.support.processes.commands import run, serving

pytestmark = pytest.mark.endurance


@pytest.fixture
def home(worker_directory: Path, request: pytest.FixtureRequest) -> Path:
    data = worker_directory / str(request.node.name)
    assert run("init", "--data", data, "--code", code()).status == 0
    return data


def test_a_policy_server_is_added_to_an_exchange_that_was_served_before(home: Path) -> None:
    with serving(home):
        pass
    (home / "token").write_text("secret")
    with (home / "exchange.toml").open("a") as file:
        file.write('opa_url = "http://127.0.0.1:9"\nopa_token_file = "token"\n')
    with serving(home):
        health = run("health", "--data", home)
        assert (health.status, "deliveries that need a new decision are denied" in health.out) == (1, True), health.out


def test_a_weakening_is_accepted_once_and_hinders_no_backup(home: Path, tmp_path: Path) -> None:
    with serving(home, EXCHANGE_RETENTION_DAYS="3650", EXCHANGE_SOURCE_HOSTS="a.internal"):
        pass
    lower = {"EXCHANGE_RETENTION_DAYS": "400"}
    refused = run("serve", "--data", home, "--port", "18735", **lower)
    assert (refused.status, "--accept-changes" in refused.err) == (1, True)
    result = run("backup", tmp_path / "backup", "--data", home, **lower)
    assert result.status == 0, result.err
    with serving(home, "--accept-changes", **lower):
        assert run("health", "--data", home).status == 0
    with serving(home, **lower):
        pass


def test_a_record_that_cannot_be_read_is_written_anew(home: Path) -> None:
    (home / "served.json").write_text("{")
    refused = run("serve", "--data", home, "--port", "18736")
    assert (refused.status, "--accept-changes" in refused.err) == (1, True)
    with serving(home, "--accept-changes"):
        assert run("health", "--data", home).status == 0


def test_a_second_server_on_a_directory_is_refused_even_without_the_first_one_s_file(home: Path) -> None:
    with serving(home):
        for is_there in (True, False):
            if not is_there:
                (home / "server.json").unlink()
            second = run("serve", "--data", home, "--port", "8412")
            assert (second.status, "is being served already" in second.err) == (1, True), second.err
