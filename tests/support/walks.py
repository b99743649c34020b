"""Walks: the files of ours that a request passes, recorded while a real exchange answers it.

python -m tests.support.walks   writes the figures into docs/architecture.md, and prints the files
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import grimp

from exchange.kernel.embedded import Embedded
from exchange.migrations import commands
from exchange.settings import Settings
from tests.support.exchanges.exchange import Exchange, Key
from tests.support.exchanges.starting import start_exchange

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("exchange", "policies", "ledger", "signatures", "groundwork", "adapters")
BEGINNINGS = ("exchange/app.py", "ledger/log/sequencer.py", "groundwork/rounds.py")
"""The first calls of a request: its handler, and the loop that appends its entry. Other loops do not count."""

BEFORE: Mapping[str, tuple[int, int]] = {
    "A delivery, the first": (56, 2),
    "A delivery, the next": (31, 1),
    "An application": (34, 1),
    "Its approval, which makes the agreement": (34, 1),
}
"""Files and climbs of the version before folders had walls, counted by this module."""

CSV = "person_id,name,city\n" + "".join(f"P{n:05d},陈{n},3301{n % 4}0\n" for n in range(1, 41))


@dataclass
class Walk:
    """The calls of one request between our files, in order: (calling file, called file).

    The calling file is None where a library calls.
    """

    calls: list[tuple[str | None, str]] = field(default_factory=list)

    @property
    def files(self) -> list[str]:
        """The files whose code runs, in the order of their first calls."""
        return list(dict.fromkeys(called for _, called in self.calls))

    @property
    def calling(self) -> set[str]:
        """The files that call other files; the rest are ends, such as the clock."""
        return {calling for calling, _ in self.calls if calling is not None}

    def climbs(self, graph: grimp.ImportGraph) -> set[tuple[str, str]]:
        """The pairs of files of which the called imports the caller, directly or through others."""
        return {
            (calling, called)
            for calling, called in set(self.calls)
            if calling is not None and graph.chain_exists(importer=_module(called), imported=_module(calling))
        }


def _module(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@contextmanager
def follow(root: Path = ROOT) -> Iterator[Walk]:
    """Record a walk in this thread. A coroutine counts once, when it starts, however often it is resumed."""
    walk = Walk()
    names: dict[CodeType, str | None] = {}
    started: set[FrameType] = set()

    def name_of(code: CodeType) -> str | None:
        if code not in names:
            path = Path(code.co_filename)
            is_ours = path.is_relative_to(root) and path.relative_to(root).parts[0] in PACKAGES
            names[code] = path.relative_to(root).as_posix() if is_ours else None
        return names[code]

    def record(frame: FrameType, event: str, _argument: Any) -> None:
        called = name_of(frame.f_code) if event == "call" and frame not in started else None
        if called is None:
            return
        started.add(frame)
        callers = [name for name in map(name_of, _codes(frame.f_back)) if name is not None]
        calling = callers[0] if callers else None
        if [called, *callers][-1] in BEGINNINGS and calling != called:
            walk.calls.append((calling, called))

    sys.setprofile(record)
    try:
        yield walk
    finally:
        sys.setprofile(None)


def _codes(frame: FrameType | None) -> Iterator[CodeType]:
    while frame is not None:
        yield frame.f_code
        frame = frame.f_back


def forget() -> None:
    """Empty the caches of our functions, so that a walk does not depend on what this process did before."""
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] in PACKAGES]:
        for value in vars(module).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


async def record(settings: Settings) -> dict[str, Walk]:
    """The walks of two deliveries, an application and its approval on a new exchange, by name."""
    forget()
    async with start_exchange(settings) as exchange:
        owner = await exchange.admit("owner")
        consumer = await exchange.admit("consumer", kind="institution", level="none")
        dataset = await exchange.publish_dataset(owner, await exchange.register_file(owner, CSV.encode()), "degrees")
        await exchange.conclude_agreement(consumer, owner, dataset)
        question = {"dataset": "owner/degrees", "limit": 3}
        forget()
        walks: dict[str, Walk] = {}
        for name in ("A delivery, the first", "A delivery, the next"):
            _, walks[name] = await _walk(exchange, consumer.system, "/api/v1/deliveries", question)
        target = "/api/v1/applications"
        application, walks["An application"] = await _walk(
            exchange, consumer.steward, target, exchange.draft_application(dataset)
        )
        _, walks["Its approval, which makes the agreement"] = await _walk(
            exchange, owner.steward, f"{target}/{application['id']}/approval", {}
        )
        return walks


async def _walk(exchange: Exchange, key: Key, target: str, document: Any) -> tuple[Any, Walk]:
    body = json.dumps(document, ensure_ascii=False).encode()
    headers = {"content-type": "application/json", "exchange-purpose": "talent-service"}
    signed = exchange.sign(key, "POST", target, body=body, headers=headers)
    with follow() as walk:
        answer = await exchange.send("POST", target, signed, body)
    assert answer.status < 300, answer.content
    return answer.json, walk


def table(walks: Mapping[str, Walk]) -> str:
    """The figures of walks, a row each, with those of the version before in parentheses."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    shared = shared_files(walks)
    lines = ["| Request | Files | of its own | of these calling on | Climbs |", "|---|---|---|---|---|"]
    for name, walk in walks.items():
        files, climbs = BEFORE[name]
        own = set(walk.files) - shared
        lines.append(
            f"| {name} | {len(walk.files)} ({files}) | {len(own)} | {len(own & walk.calling)} "
            f"| {len(walk.climbs(graph))} ({climbs}) |"
        )
    return "\n".join(lines)


def shared_files(walks: Mapping[str, Walk]) -> set[str]:
    """The files that every walk passes: the way in, the entry and the way out, which a reader learns once."""
    return set.intersection(*(set(walk.files) for walk in walks.values()))


def render(page: str, walks: Mapping[str, Walk]) -> str:
    """A page with the figures between their comments."""
    begin, end = "<!-- written by make docs: walks -->", "<!-- end of walks -->"
    before, _, remainder = page.partition(begin)
    return f"{before}{begin}\n\n{table(walks)}\n\n{end}{remainder.partition(end)[2]}"


async def _on_a_new_server() -> dict[str, Walk]:
    with tempfile.TemporaryDirectory(prefix="exchange-walks-") as directory, tempfile.TemporaryDirectory() as data:
        server = Embedded(Path(directory))
        try:
            await server.create("exchange_walks")
            url = server.url("exchange_walks")
            await asyncio.to_thread(commands.upgrade, url)
            return await record(Settings(data=Path(data), database_url=url, checkpoint_interval=600))
        finally:
            server.close()


def main() -> None:
    """Write the figures into the page."""
    walks = asyncio.run(_on_a_new_server())
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8"), walks), encoding="utf-8")
    for name, walk in walks.items():
        print(name, *walk.files, sep="\n  ")  # noqa: T201


if __name__ == "__main__":
    main()
