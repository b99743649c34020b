"""The operations' pages on OPA, witnesses and backups work word for word, on a machine without anything of ours."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.data_directory import DataDirectory
from admin.server.reaching import free_port
from tests.support.processes.commands import run
from tests.support.processes.pages import blocks_of, run_script
from tests.support.services.tools import tool

pytestmark = pytest.mark.endurance

_FOUND = "exchange init --code 12330000MB0000001H\n"
_JOIN = "exchange join science --code 12330000MB0000002L --name-zh 市科技局 --name-en Science\n"
_COVER = "exchange serve\nuntil exchange health | grep -q 'covers every entry'; do sleep 0.5; done\nstop\n"


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that the embedded server's user may enter."""
    with tempfile.TemporaryDirectory(prefix="exchange-test-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def set_in_file(place: Path, text: str) -> None:
    with (place / "exchange-data" / "exchange.toml").open("a", encoding="utf-8") as file:
        file.write(text)


def test_the_page_on_opa(place: Path) -> None:
    tool("opa")
    settings, shell = blocks_of("policies.md", "An OPA server")
    assert run("init", "--data", place / "exchange-data", "--code", "12330000MB0000001H").status == 0
    port = str(free_port())
    assert "8181" in settings.text
    set_in_file(place, settings.text.replace("8181", port))
    printed = run_script(shell.text + _JOIN, place, replace={"8181": port}, SERVE_PORT=str(free_port()), OPA_PORT=port)
    assert "市科技局 (Science) is admitted." in printed


def test_the_page_on_witnesses(place: Path) -> None:
    blocks = blocks_of("witnesses.md")
    witness, policy = blocks[0], blocks[1]
    assert run("init", "--data", place / "exchange-data", "--code", "12330000MB0000001H").status == 0
    [vkey] = re.findall(r"exchange\.example/ledger/1\S+", witness.text)
    port, own = str(free_port()), DataDirectory(place / "exchange-data").trust().vkey
    before, serve = witness.text.split("ledger witness serve", 1)
    printed = run_script(before, place, replace={vkey: own})
    key = re.findall(r"witness\.education\.example/w1\+\S+", printed)[0]
    lines = policy.text.replace("<vkey> https://witness.education.example", f"{key} http://127.0.0.1:{port}")
    witness_lines = [line for line in lines.splitlines() if line.startswith("witness education")]
    (place / "exchange-data" / "witnesses.policy").write_text("\n".join([*witness_lines, "quorum education"]) + "\n")
    set_in_file(place, 'witness_policy = "witnesses.policy"\n')
    script = f"ledger witness serve{serve}exchange serve\n{_JOIN}exchange health\nledger witness show witness-data\n"
    printed = run_script(script, place, replace={"7380": port}, SERVE_PORT=str(free_port()), WITNESS_PORT=port)
    assert "市科技局 (Science) is admitted." in printed
    assert "exchange.local/ledger/1" in printed.split("is admitted.")[1]


def test_the_page_on_backups(place: Path) -> None:
    take, restore = [block for block in blocks_of("backup.md") if block.kind == "sh"][:2]
    script = _FOUND + _JOIN + _COVER + take.text + restore.text + "exchange health --data restored || true\n"
    printed = run_script(script, place, replace={}, SERVE_PORT=str(free_port()))
    assert "The backup is in backups/2026-11-30." in printed
    assert "is restored in restored." in printed
    assert "NOTHING IS SIGNED OR TAKEN IN" in printed  # the anchor is not there yet
