"""The main job, told from beginning to end."""

import shutil
import sys
import sysconfig
import time
from pathlib import Path

from admin.commands.publish import demand_file
from admin.demo import people as synthetic
from admin.demo.chapters import agreeing, auditing, beginning, fetching, refusing
from admin.demo.materials import Brought, materials
from admin.demo.narrator import Narrator
from admin.demo.stage import Stage, set_up
from admin.places import DEMO
from admin.server import serving
from ledger.verification.report import Report

_TRUST = "trust.json"


def tell(directory: Path, brought: Brought, *, keep: bool, port: int) -> None:
    """Tell the whole story; with `keep` the server stays until Ctrl-C. Raises CannotDo."""
    begun = time.monotonic()
    for path in (brought.people, brought.universities, brought.areas):
        if path is not None:
            demand_file(path)
    if keep:
        serving.demand_free("127.0.0.1", port)
    narrator = Narrator()
    narrator.title("A data exchange, from joining to audit", "数据共享交换，从加入到审计")
    people = [] if brought.people and brought.areas else synthetic.talents()
    if not brought.people:
        narrator.remark(
            "Every person in it is made up by a program (合成数据). The organisations are made up too; regions and"
        )
        narrator.remark(
            "universities are public facts. Whatever is printed was just done by a real server, over its API."
        )
    with set_up(directory, narrator, port=port if keep else None) as stage:
        stage.trust.save(stage.part("platform") / _TRUST)
        stage.materials = materials(stage.part("departments"), people, stage.embedded, brought)
        narrator.remark(f"Founded in {stage.data.path}; the server answers at {stage.url}.")
        beginning.join(stage)
        beginning.publish(stage)
        agreeing.find(stage)
        agreeing.agree(stage)
        fetching.fetch(stage)
        fetching.formats(stage)
        refusing.refuse(stage)
        refusing.suspend(stage)
        report = auditing.audit(stage, people)
        auditing.tamper(stage)
        _figures(stage, report, seconds=time.monotonic() - begun)
        if keep:
            _stay(stage)
    if not keep:
        narrator.remark("The server and its database have ended; nothing is left running.")


def _figures(stage: Stage, report: Report, *, seconds: float) -> None:
    narrator = stage.narrator
    narrator.chapter("In figures", "小结")
    narrator.facts(
        {
            "requests sent": stage.tally.requests,
            "refused": f"{stage.tally.refusals}, each with its reason, on the ledger",
            "ledger entries": report.entries,
            "checkpoints": report.checkpoints,
            "datasets": len(stage.datasets),
            "seconds": f"{seconds:.1f}",
        }
    )
    narrator.heading("To try next", "接着试试")
    owner = stage.materials[1].owner
    narrator.command("verify it again", f"{program('ledger')} verify {stage.part('ledger')}")
    narrator.command("the tampered copy", f"{program('ledger')} verify {stage.part('tampered')}")
    narrator.command(
        "what was delivered, and what was not", f"{program('ledger')} show {stage.part('ledger')} --type delivery."
    )
    data = "" if stage.data.path == DEMO else f" --data {stage.data.path}"
    narrator.command(
        "publish a file of yours", f"{program('exchange')} publish FILE --owner {owner} --title TITLE{data}"
    )


def _stay(stage: Stage) -> None:
    narrator = stage.narrator
    key = stage.data.key_file("demo-platform-system")
    narrator.command(
        "fetch as the platform",
        f"{program('exchange-client')} fetch {stage.materials[0].reference} --purpose {beginning.PURPOSE} --limit 3 "
        f"--url {stage.url} --key {key} --trust {stage.part('platform') / _TRUST}",
    )
    narrator.gap()
    narrator.say(f"The exchange stays at {stage.url}; its API is described at {stage.url}/docs. Ctrl-C ends it.")
    sys.stdout.flush()
    try:
        stage.server.process.wait()
    except KeyboardInterrupt:
        narrator.gap()
        narrator.remark("Ending the server and its database.")


def program(name: str) -> str:
    """How one of our commands is called from here: by its name, or by its path where it is not on the search path."""
    if shutil.which(name):
        return name
    path = Path(sysconfig.get_path("scripts")) / name
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
