"""The demonstration: its steps in order, then figures and commands to try next."""

import shutil
import sys
import sysconfig
import time
from pathlib import Path

from admin.data_directory import DEMO, DataDirectory
from admin.demo import earlier
from admin.demo import people as synthetic
from admin.demo.environment import Environment, set_up
from admin.demo.materials import OwnFiles, materials
from admin.demo.output import Output
from admin.demo.steps import (
    agreeing,
    auditing,
    consenting,
    counting,
    fetching,
    publishing,
    refusing,
    registering,
    showing,
)
from admin.server import reaching, serving
from admin.server.reaching import Server
from data_exchange_client.publishing.sources import FileSource
from ledger.verification.report import Report

_TRUST = "trust.json"
_UNIVERSITIES = "demo-education/universities"


def run_demo(
    directory: Path, own: OwnFiles, *, keep: bool, port: int, replace: bool = False, yes: bool = False
) -> None:
    """Run every step; with `keep` the server stays at `port` until Ctrl-C.

    An earlier demonstration that somebody added to is served as it is with `keep`, and otherwise refused. `replace` gives
    the additions up once the person confirms, or `yes` does. Raises CannotDo; typer.Abort where the person declines.
    """
    begun = time.monotonic()
    for path in (own.people, own.universities, own.areas):
        if path is not None:
            FileSource(path).require()
    if keep:
        choice = "--port (make demo KEEP=1 DEMO='--port 8001')"
        serving.require_free_port("127.0.0.1", port, choice=choice)
    output = Output()
    data = DataDirectory(directory / "exchange")
    additions = earlier.read_additions(directory, data)
    if additions and keep and not replace and own == OwnFiles():
        _serve_again(directory, data, output, port=port)
        return
    earlier.require_consent(directory, data, additions, replace=replace, yes=yes)
    output.title("A data exchange, from joining to audit", "数据共享交换，从加入到审计")
    talents = synthetic.talents()
    people = [] if own.people and own.areas else talents
    if not own.people:
        output.remark(
            "Every person in it is made up by a program (合成数据). The organisations are made up too; regions and"
        )
        output.remark(
            "universities are public facts. Whatever is printed was just done by a real server, over its API."
        )
    with set_up(directory, output, port=port if keep else None) as environment:
        environment.trust.save(environment.part("platform") / _TRUST)
        environment.materials = materials(environment.part("departments"), people, environment.embedded, own)
        output.remark(f"Founded in {environment.data.path}; the server answers at {environment.url}.")
        publishing.join(environment)
        publishing.publish(environment)
        agreeing.find(environment)
        agreeing.agree(environment)
        fetching.fetch(environment)
        fetching.formats(environment)
        refusing.refuse(environment)
        refusing.suspend(environment)
        consenting.consent(environment, talents)
        showing.show(environment, talents)
        registering.register(environment)
        counting.count(environment)
        report = auditing.audit(environment, people)
        auditing.tamper(environment)
        _figures(environment, report, seconds=time.monotonic() - begun)
        environment.mark_end()
        if keep:
            _stay(environment.directory, data, environment.server, output)
    if not keep:
        output.remark("The server and its database have ended; nothing is left running.")


def _figures(environment: Environment, report: Report, *, seconds: float) -> None:
    output = environment.output
    output.step("In figures", "小结")
    output.facts(
        {
            "requests sent": environment.counts.requests,
            "refused": f"{environment.counts.refusals}, each with its reason, on the ledger",
            "ledger entries": report.entries,
            "checkpoints": report.checkpoints,
            "datasets": environment.counts.datasets,
            "seconds": f"{seconds:.1f}",
        }
    )
    output.heading("To try next", "接着试试")
    owner = environment.materials[1].owner
    output.command("verify it again", f"{program('ledger')} verify {environment.part('ledger')}")
    output.command("the tampered copy", f"{program('ledger')} verify {environment.part('tampered')}")
    output.command(
        "what was delivered, and what was not",
        f"{program('ledger')} show {environment.part('ledger')} --type delivery.",
    )
    data = "" if environment.data.path == DEMO else f" --data {environment.data.path}"
    output.command("publish a file of yours", f"{program('exchange')} publish FILE --owner {owner} --title TITLE{data}")


def _serve_again(directory: Path, data: DataDirectory, output: Output, *, port: int) -> None:
    output.title("The exchange of an earlier demonstration", "此前演示的交换平台")
    output.remark(f"{data.path} has additions of your own: it is served as it is, and nothing is played again.")
    server = reaching.start(data, port=port)
    try:
        _stay(directory, data, server, output)
    finally:
        server.stop()


def _stay(directory: Path, data: DataDirectory, server: Server, output: Output) -> None:
    output.command(
        "fetch as the platform",
        f"{program('exchange-client')} fetch {_UNIVERSITIES} --purpose {publishing.PURPOSE} --limit 3 "
        f"--url {server.url} --key {data.key_file('demo-platform-system')} --trust {directory / 'platform' / _TRUST}",
    )
    output.gap()
    output.text(f"The exchange stays at {server.url}; its API is described at {server.url}/docs. Ctrl-C ends it.")
    sys.stdout.flush()
    try:
        server.process.wait()
    except KeyboardInterrupt:
        output.gap()
        output.remark("Ending the server and its database.")


def program(name: str) -> str:
    """The call of one of our commands from this directory: its name if it is on the search path, else its path."""
    if shutil.which(name):
        return name
    path = Path(sysconfig.get_path("scripts")) / name
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
