"""Commands act by the settings that the exchange is served with, and nothing is weakened unnoticed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from admin.configuration import lock, served, settings_file
from admin.terminal import CannotDo
from exchange.settings import Settings


@contextmanager
def variables(monkeypatch: pytest.MonkeyPatch, **values: str) -> Iterator[None]:
    with monkeypatch.context() as context:
        for name, value in values.items():
            context.setenv(name, value)
        yield


def serve_once(data: Path, monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    """Record the settings as a server does that is started with these variables."""
    with variables(monkeypatch, **values):
        settings = Settings.load(data)
        served.remember(data, settings)
    return settings


def test_a_command_in_another_shell_has_the_server_s_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = str(tmp_path / "witnesses.policy")
    serve_once(
        tmp_path,
        monkeypatch,
        EXCHANGE_RETENTION_DAYS="0",
        EXCHANGE_WITNESS_POLICY=policy,
        EXCHANGE_LEDGER_ANCHOR="/mnt/anchor",
        EXCHANGE_SOURCE_HOSTS="a.internal,10.0.0.0/8",
    )
    acting = served.settings_to_act_by(tmp_path)
    assert acting.retention_days == 0
    assert acting.witness_policy == Path(policy)
    assert acting.anchor == Path("/mnt/anchor")
    assert acting.source_hosts == ("a.internal", "10.0.0.0/8")


@pytest.mark.parametrize(
    ("before", "now", "named"),
    [
        ({"EXCHANGE_RETENTION_DAYS": "3650"}, {"EXCHANGE_RETENTION_DAYS": "7"}, "EXCHANGE_RETENTION_DAYS was 3650"),
        ({"EXCHANGE_LEDGER_ANCHOR": "/a"}, {"EXCHANGE_LEDGER_ANCHOR": "/b"}, "EXCHANGE_LEDGER_ANCHOR was /a"),
        (
            {"EXCHANGE_PUBLIC_ENTRIES": "false"},
            {"EXCHANGE_PUBLIC_ENTRIES": "true"},
            "EXCHANGE_PUBLIC_ENTRIES was false",
        ),
        ({"EXCHANGE_DATABASE_URL": "postgresql://u:hidden@db/x"}, {}, "EXCHANGE_DATABASE_URL: the database was db/x"),
        ({"EXCHANGE_OPA_URL": "http://o:1", "EXCHANGE_OPA_TOKEN": "hidden"}, {}, "EXCHANGE_OPA_TOKEN was set"),
    ],
)
def test_a_command_does_not_act_by_weaker_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: dict[str, str], now: dict[str, str], named: str
) -> None:
    serve_once(tmp_path, monkeypatch, **before)
    assert "hidden" not in (tmp_path / "served.json").read_text()
    with variables(monkeypatch, **now), pytest.raises(CannotDo) as refused:
        served.settings_to_act_by(tmp_path)
    assert named in str(refused.value)
    assert "--accept-changes" in refused.value.hint


def test_a_server_whose_witnesses_are_dropped_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_once(tmp_path, monkeypatch, EXCHANGE_WITNESS_POLICY="/etc/w")
    before = served.recall(tmp_path)
    assert before is not None
    with pytest.raises(CannotDo, match="EXCHANGE_WITNESS_POLICY was /etc/w, and is unset here"):
        served.require_no_weaker(before, Settings.load(tmp_path))


def test_stricter_settings_and_others_are_only_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_once(tmp_path, monkeypatch, EXCHANGE_RETENTION_DAYS="7", EXCHANGE_PAGE_ROWS="10")
    before = served.recall(tmp_path)
    assert before is not None
    with variables(monkeypatch, EXCHANGE_RETENTION_DAYS="9"):
        changes = served.compare(before, Settings.load(tmp_path))
    assert changes.weaker == ()
    assert [line.partition(" ")[0] for line in changes.other] == ["EXCHANGE_PAGE_ROWS", "EXCHANGE_RETENTION_DAYS"]


def test_while_a_server_runs_its_settings_are_all_that_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve_once(tmp_path, monkeypatch, EXCHANGE_PAGE_ROWS="10")
    with lock.hold(tmp_path, lock.SERVER), variables(monkeypatch, EXCHANGE_PAGE_ROWS="20", EXCHANGE_CLOCK_SKEW="5"):
        acting = served.settings_to_act_by(tmp_path)
    assert (acting.page_rows, acting.clock_skew) == (10, 30)


def test_while_a_server_runs_a_secret_that_it_has_not_counts_as_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_once(tmp_path, monkeypatch)
    owner = "postgresql://owner@db/x"
    added = {"EXCHANGE_OPA_URL": "http://o:1", "EXCHANGE_OPA_TOKEN": "t", "EXCHANGE_OWNER_DATABASE_URL": owner}
    with lock.hold(tmp_path, lock.SERVER), variables(monkeypatch, **added):
        acting = served.settings_to_act_by(tmp_path)
    assert (acting.opa_url, acting.opa_token) == (None, None)
    assert acting.owner_database_url is not None  # a command's own login


def test_a_secret_s_file_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("postgresql://u:p@db/x")
    serve_once(tmp_path, monkeypatch, EXCHANGE_DATABASE_URL_FILE=str(tmp_path / "url"))
    url = served.settings_to_act_by(tmp_path).database_url
    assert url is not None
    assert url.get_secret_value() == "postgresql://u:p@db/x"


def test_a_setting_taken_out_of_the_file_is_not_taken_from_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "exchange.toml"
    file.write_text("page_rows = 10\nretention_days = 3650\n")
    serve_once(tmp_path, monkeypatch)
    file.write_text("retention_days = 3650\n")
    assert served.settings_to_act_by(tmp_path).page_rows == 100
    file.write_text("")
    with pytest.raises(CannotDo, match="EXCHANGE_RETENTION_DAYS was 3650, and is 1096"):
        served.settings_to_act_by(tmp_path)


def test_the_file_that_is_written_gives_the_same_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("t")
    values = {
        "EXCHANGE_RETENTION_DAYS": "7",
        "EXCHANGE_CHECKPOINT_INTERVAL": "0.5",
        "EXCHANGE_PUBLIC_ENTRIES": "false",
        "EXCHANGE_SOURCE_HOSTS": "a.internal, 10.0.0.0/8",
        "EXCHANGE_LEDGER_ANCHOR": '/mnt/"an\\chor',
        "EXCHANGE_OPA_URL": "http://localhost:8181",
        "EXCHANGE_OPA_TOKEN_FILE": str(tmp_path / "token"),
    }
    with variables(monkeypatch, **values, EXCHANGE_DATABASE_URL="postgresql://u:hidden@db/x"):
        before = Settings.load(tmp_path)
        path = settings_file.write(tmp_path, before)
    assert path is not None
    assert "hidden" not in path.read_text(encoding="utf-8")
    assert "# database_url is set by EXCHANGE_DATABASE_URL" in path.read_text(encoding="utf-8")
    with variables(monkeypatch, EXCHANGE_DATABASE_URL="postgresql://u:hidden@db/x"):
        assert Settings.load(tmp_path) == before
        assert settings_file.write(tmp_path, before) is None  # one that exists is kept
