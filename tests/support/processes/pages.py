"""Pages of the operations' documentation, run word for word: their blocks of SQL, settings and commands, in order.

Only names of machines and ports are replaced. Programs that serve (`exchange serve`, `ledger witness serve`, `opa run`) run
in the background from their line to the end of the page.
"""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes.commands import ROOT, environment

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SECONDS = 300
_PRELUDE = """
set -euo pipefail
# Processes that a page starts in the background end with it.
trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
await_port() {
  for _ in $(seq 600); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    kill -0 "$2" 2>/dev/null || { wait "$2"; return 1; }
    sleep 0.1
  done
  return 1
}
exchange() {
  if [ "$1" = serve ]; then
    command exchange serve --port "$SERVE_PORT" "${@:2}" & await_port "$SERVE_PORT" $!
  else command exchange "$@"; fi
}
ledger() {
  if [ "${2-}" = serve ]; then command ledger "$@" & await_port "$WITNESS_PORT" $!; else command ledger "$@"; fi
}
opa() { command opa "$@" & await_port "$OPA_PORT" $!; }
stop() { kill $(jobs -p); wait; }
"""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and its text."""

    kind: str
    text: str


def blocks_of(page: str, heading: str | None = None) -> Sequence[Block]:
    """The blocks of a page of docs/operations, or of its section under a heading."""
    text = (ROOT / "docs" / "operations" / page).read_text(encoding="utf-8")
    if heading is not None:
        begin = text.index(f"## {heading}\n")
        text = text[begin : text.find("\n## ", begin + 1) if "\n## " in text[begin + 1 :] else len(text)]
    return [Block(*match) for match in _FENCE.findall(text)]


def run_script(text: str, directory: Path, *, replace: Mapping[str, str], **variables: str) -> str:
    """Run commands of a page in a directory, as one shell would; returns what they print. They have to succeed."""
    for before, after in replace.items():
        assert before in text, f"the page does not have {before!r} any more"
        text = text.replace(before, after)
    path = f"{Path(sys.executable).parent}:{ROOT / 'build' / 'tools'}:/usr/bin:/bin:/usr/sbin:/sbin"
    result = subprocess.run(
        ["bash", "-c", _PRELUDE + text],
        cwd=directory,
        env=environment(PATH=path, **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert result.returncode == 0, f"{text}\n--- printed\n{result.stdout}\n--- and\n{result.stderr}"
    return result.stdout + result.stderr
