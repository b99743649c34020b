"""Measure what docs and issues promise, print it, and write `build/bench.json`.

python -m benchmarks [delivery] [stream] [ledger] [policies] [verifier] [growth]; without a name, all but the last.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import delivery, durable, growth, policies, stream, verifier
from benchmarks.figures import machine
from benchmarks.ground import furnish, ground, server

_TARGETS = {("1", "128"): "≥ 8,000, aim 20,000"}
_OUTPUT = Path("build/bench.json")
_LARGE = 100
_UNITS = (("per_s", "requests/s"), ("p50_ms", "p50, ms"), ("p99_ms", "p99, ms"), ("cpu_us", "server CPU, µs a request"))
_USUAL = ("delivery", "stream", "ledger", "policies", "verifier")
_ALL = (*_USUAL, "growth")


def main() -> None:
    """Run the benchmarks that are named, or all of them."""
    chosen = sys.argv[1:] or list(_USUAL)
    if not set(chosen) <= set(_ALL):
        sys.exit(f"there are: {', '.join(_ALL)}")
    begun = time.monotonic()
    found: dict[str, Any] = {"machine": machine()}
    if "verifier" in chosen:
        with tempfile.TemporaryDirectory(prefix="exchange-bench-") as directory:
            found["verifier"] = verifier.measure(Path(directory))
    if set(chosen) - {"verifier"}:
        _measure_server(chosen, found)
    found["seconds"] = round(time.monotonic() - begun, 1)
    _OUTPUT.parent.mkdir(exist_ok=True)
    _OUTPUT.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    _show(found)


def _measure_server(chosen: list[str], found: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory(prefix="exchange-bench-") as directory, ground(Path(directory)) as on:
        with server(on):
            key = furnish(on, stream.make_file(on.directory))
            answer = delivery.one_answer(on, key)
        with server(on, answer=answer) as pid:
            if "delivery" in chosen:
                found["delivery"] = delivery.measure(on, pid, key)
            if "stream" in chosen:
                found["stream"] = stream.measure(on, key)
        if "ledger" in chosen:
            found["ledger"] = durable.measure(on)
        if "policies" in chosen:
            found["policies"] = policies.measure(on, key)
        if "growth" in chosen:
            found["growth"] = growth.measure(on)


def _show(found: dict[str, Any]) -> None:
    console = Console(width=110, highlight=False)
    at = found["machine"]
    console.print(f"{at['processor']}, {at['cpus']} CPUs, load {at['load']}, Python {at['python']}, {at['system']}")
    table = Table("figure", "median", "least", "greatest", "rounds", "target", title="Benchmarks")
    if "delivery" in found:
        _show_delivery(table, found["delivery"])
    if "stream" in found:
        one = found["stream"]
        _row(table, "stream.arrow_over_duckdb", one["ratio"], "≥ 0.5")
        _row(table, "  governed, rows/s", one["governed_rows_per_s"])
        _row(table, "  DuckDB alone, rows/s", one["duckdb_rows_per_s"])
    if "ledger" in found:
        _show_ledger(table, found["ledger"])
    if "policies" in found:
        _show_policies(table, found["policies"])
    for size, one in found.get("growth", {}).items():
        _row(table, f"ledger of {int(size):,} entries, durable/s", one["per_s"])
        _row(table, "  p99, ms", one["p99_ms"])
    console.print(table)
    if "verifier" in found:
        sizes = Table("entries", "entries/s", "peak memory, MiB", "proof, ms", "p99, ms", title="ledger verify")
        for one in found["verifier"].values():
            proof = one["proof_ms"]
            figures = (f"{one['peak_mib']}", f"{proof['median']:.3f}", f"{proof['p99']:.3f}")
            sizes.add_row(f"{one['entries']:,}", f"{one['per_s']:,}", *figures)
        console.print(sizes)
    for title, stages in found.get("delivery", {}).get("stages", {}).items():
        shares = Table(title.replace("_", " "), "µs a request", "share")
        for name, people_exchange in stages.items():
            shares.add_row(name, f"{people_exchange['us']:,.0f}", f"{people_exchange['share']:.1%}")
        console.print(shares)
    console.print(f"written to {_OUTPUT} in {found['seconds']} s")


def _show_delivery(table: Table, one: dict[str, Any]) -> None:
    _row(table, "delivery.governed_over_bare", one["ratio"], "≥ 0.2, aim 0.5")
    _row(table, "  for people asked for for the first time", one["first_over_bare"])
    for name in ("governed", "first", "bare"):
        for key, unit in _UNITS:
            _row(table, f"  {name}, {unit}", one[name][key])


def _show_policies(table: Table, found: dict[str, Any]) -> None:
    sizes = [size for size in found if size != "memory"]
    for name, target in (
        ("embedded_ms", "< 0.5"),
        ("remembered_ms", "< 0.05"),
        ("opa_ms", ""),
        ("with_facts_ms", "within 1.5 × of the first"),
    ):
        for size in sizes:
            if name in found[size]:
                _row(table, f"policies.{name}, {int(size):,} agreements", found[size][name], target)
    for name, megabytes in found["memory"].items():
        table.add_row(f"  memory {name.replace('_', ' ')}", f"{megabytes:,.1f}", "", "", "", "steady")


def _show_ledger(table: Table, found: dict[str, Any]) -> None:
    for workers, by_in_flight in found["workers"].items():
        for in_flight, one in by_in_flight.items():
            name = f"ledger.durable_per_s.{in_flight}" if workers == "1" else f"  {workers} processes × {in_flight}"
            _row(table, name, one["per_s"], _TARGETS.get((workers, in_flight), ""))
            _row(table, "    p99, ms", one["p99_ms"])
    if "peer" in found:
        for in_flight, one in found["peer"]["in_flight"].items():
            _row(table, f"  {found['peer']['name']}, {in_flight}", one["per_s"])
            _row(table, "    p99, ms", one["p99_ms"])
        for in_flight, one in found["peer"]["ours_over_peer"].items():
            _row(table, f"ledger.ours_over_peer.{in_flight}", one, "≥ 1")


def _row(table: Table, name: str, one: dict[str, Any], target: str = "") -> None:
    values = (f"{one[key]:,.{0 if one[key] >= _LARGE else 3}f}" for key in ("median", "min", "max"))
    table.add_row(name, *values, str(one["rounds"]), target)


if __name__ == "__main__":
    main()
