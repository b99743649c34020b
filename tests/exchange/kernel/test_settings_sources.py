"""Settings are strict: the environment, the settings file, secrets in files, and messages that name what was written."""

from pathlib import Path

import pytest

from exchange.kernel.settings_sources import SettingsInvalid, as_environment
from exchange.settings import Settings


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("EXCHANGE_DATA", "EXCHANGE_DATABASE_URL", "EXCHANGE_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def file(data: Path, text: str, *, mode: int = 0o600) -> Path:
    path = data / "exchange.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def faults(data: Path) -> str:
    with pytest.raises(SettingsInvalid) as refused:
        Settings.load(data)
    return "\n".join(refused.value.faults)


def test_the_file_sets_and_the_environment_overrides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXCHANGE_SOURCE_HOSTS", raising=False)  # the tests' databases set it
    file(tmp_path, 'clock_skew = 20\nretention_days = 7\nsource_hosts = ["a.internal", "10.0.0.0/8"]\nopa_url = ""\n')
    monkeypatch.setenv("EXCHANGE_CLOCK_SKEW", "25")
    monkeypatch.setenv("EXCHANGE_RETENTION_DAYS", "")
    settings = Settings.load(tmp_path)
    assert (settings.clock_skew, settings.retention_days) == (25, 7)
    assert settings.source_hosts == ("a.internal", "10.0.0.0/8")
    assert settings.opa_url is None


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [("EXCHANGE_RETENTION_DAY", "EXCHANGE_RETENTION_DAYS"), ("EXCHANGE_WITNES_POLICY", "EXCHANGE_WITNESS_POLICY")],
)
def test_a_misspelt_variable_is_refused_with_the_nearest_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, nearest: str
) -> None:
    monkeypatch.setenv(variable, "1")
    assert faults(tmp_path) == f"{variable}: there is no such setting; the nearest known one is {nearest}"


def test_variables_of_clients_are_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EXCHANGE_URL", "EXCHANGE_KEY", "EXCHANGE_TRUST"):
        monkeypatch.setenv(name, "x")
    assert Settings.load(tmp_path).clock_skew == 30


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "retention_day = 1\n",
            "retention_day in {}: there is no such setting; the nearest known one is retention_days",
        ),
        ("clock_skew = 900\n", "clock_skew in {}: Input should be less than or equal to 300"),
        ('clock_skew = "soon"\n', "clock_skew in {}: Input should be a valid integer"),
        ("[subjects]\nretention_days = 1\n", "subjects in {}: a table"),
        ('data = "elsewhere"\n', "data in {}: a data directory is named by --data or EXCHANGE_DATA"),
        ("clock_skew: 3\n", "{} is not TOML"),
        ('opa_token = "t"\n', "EXCHANGE_OPA_TOKEN is set without EXCHANGE_OPA_URL"),
        ('witness_policy_file = "p"\n', "only secrets may be in files of their own; set witness_policy"),
    ],
)
def test_a_fault_in_the_file_names_the_setting_and_the_file(tmp_path: Path, text: str, words: str) -> None:
    path = file(tmp_path, text)
    assert words.format(path) in faults(tmp_path)


def test_a_value_that_is_refused_is_named_by_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_CLOCK_SKEW", "900")
    assert faults(tmp_path) == "EXCHANGE_CLOCK_SKEW: Input should be less than or equal to 300"


def test_all_faults_are_shown_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXCHANGE_TYPO", "1")
    file(tmp_path, "another_typo = 1\n")
    assert faults(tmp_path).count("there is no such setting") == 2


def test_secrets_may_be_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("in-a-file\n")
    (tmp_path / "url").write_text("postgresql://a:b@db/x\n")
    file(tmp_path, 'opa_url = "http://localhost:1"\nopa_token_file = "token"\n', mode=0o644)
    monkeypatch.setenv("EXCHANGE_DATABASE_URL_FILE", str(tmp_path / "url"))
    settings = Settings.load(tmp_path)
    assert settings.opa_token is not None
    assert settings.opa_token.get_secret_value() == "in-a-file"
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://a:b@db/x"


def test_a_secret_s_file_that_is_missing_or_empty_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").touch()
    monkeypatch.setenv("EXCHANGE_DATABASE_URL_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("EXCHANGE_PKCS11_PIN_FILE", str(tmp_path / "empty"))
    message = faults(tmp_path)
    assert f"EXCHANGE_DATABASE_URL_FILE: {tmp_path / 'missing'} cannot be read: No such file" in message
    assert f"EXCHANGE_PKCS11_PIN_FILE: {tmp_path / 'empty'} is empty" in message


def test_a_secret_is_set_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("postgresql://a:b@db/x\n")
    monkeypatch.setenv("EXCHANGE_DATABASE_URL", "postgresql://other/x")
    monkeypatch.setenv("EXCHANGE_DATABASE_URL_FILE", str(tmp_path / "url"))
    assert "set the same: leave one out" in faults(tmp_path)


def test_a_file_with_a_secret_is_its_owner_s_alone(tmp_path: Path) -> None:
    path = file(tmp_path, 'database_url = "postgresql://a:b@db/x"\n', mode=0o640)
    assert faults(tmp_path) == f"{path} has database_url, and other users may read it: chmod 600 {path}"
    path.chmod(0o600)
    assert Settings.load(tmp_path).database_url is not None


def test_paths_in_the_file_begin_at_its_directory(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    file(tmp_path / "data", 'witness_policy = "witnesses.policy"\nledger_anchor = "/mnt/anchor"\n')
    settings = Settings.load(Path("data"))
    assert settings.witness_policy == tmp_path / "data" / "witnesses.policy"
    assert settings.ledger_anchor == Path("/mnt/anchor")


def test_settings_pass_to_another_process_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file(tmp_path, 'retention_days = 7\npublic_entries = false\nsource_hosts = ["a", "b"]\nopa_binary = "opa"\n')
    before = Settings.load(tmp_path)
    passed = as_environment({name: getattr(before, name) for name in before.model_fields_set})
    file(tmp_path, "clock_skew = 900\n")  # edited meanwhile
    for name, value in passed.items():
        monkeypatch.setenv(name, value)
    assert Settings.load() == before
