"""The package's public face: the example of its docstring works, and nothing is imported before it is used."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import ledger
from tests.support.ledgers.logs import Log


def test_the_example_of_the_docstring_verifies_a_ledger(
    new_log: Callable[..., Log], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = new_log(300)
    log.write(tmp_path / "export")
    (tmp_path / "exchange.vkey").write_text(f"{log.signer.vkey}\n")
    monkeypatch.chdir(tmp_path)
    lines = [line for line in (ledger.__doc__ or "").splitlines() if line.startswith("    ")]
    assert len(lines) == 5
    exec(textwrap.dedent("\n".join(lines)), {})  # noqa: S102 - our own documentation
    assert capsys.readouterr().out.startswith("OK: all 300 entries are what the log signed")


def test_every_public_name_is_there_and_no_other() -> None:
    assert set(ledger.__all__) <= set(dir(ledger))
    for name in ledger.__all__:
        assert getattr(ledger, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'sign'"):
        ledger.sign  # noqa: B018


def test_the_pure_formats_import_nothing_of_the_rest() -> None:
    script = """
        import sys
        import ledger.format.canonical, ledger.format.merkle, ledger.format.tiles
        own = sorted(name for name in sys.modules if name.partition(".")[0] == "ledger")
        others = [name for name in ("cryptography", "httpx2", "nacl", "pydantic", "sqlalchemy", "typer") if name in sys.modules]
        print(own, others)
    """
    result = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True)
    own = ["ledger", "ledger.format", "ledger.format.canonical", "ledger.format.merkle", "ledger.format.tiles"]
    assert result.stdout.strip() == f"{own} []"
