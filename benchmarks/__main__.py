"""Measure what docs and issues promise, print it, and write `build/bench.json`.

python -m benchmarks [delivery] [stream] [ledger] [policies] [consents_stream] [verifier] [growth]; without a name, all but
the last.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import delivery, durable, growth, policies, stream, verifier
from benchmarks.figures import machine
from benchmarks.ground import furnish, furnish_for, ground, server
from benchmarks.people import consents_stream

_TARGETS = {("1", "128"): "≥ 8,000, aim 20,000"}
_OUTPUT = Path("build/bench.json")
_LARGE = 100
_UNITS = (("per_s", "requests/s"), ("p50_ms", "p50, ms"), ("p99_ms", "p99, ms"), ("cpu_us", "server CPU, µs a request"))
_USUAL = ("delivery", "stream", "ledger", "policies", "consents_stream", "verifier")
_PEOPLE = int(os.environ.get("BENCHMARK_PEOPLE", "3000000"))
_CONSENTS = int(os.environ.get("BENCHMARK_CONSENTS", "10000000"))
_ALL = (*_USUAL, "growth")


def main() -> None:
    """Run the benchmarks that are named, or all of them."""
    chosen = sys.argv[1:] or list(_USUAL)
    if not set(chosen) <= set(_ALL):
        sys.exit(f"there are: {', '.join(_ALL)}")
    if "consents_stream" in chosen and consents_stream.LEAST_PEOPLE > _PEOPLE:
        sys.exit(f"BENCHMARK_PEOPLE is at least {consents_stream.LEAST_PEOPLE}: everybody in the file consents")
    begun = time.monotonic()
    results: dict[str, Any] = {"machine": machine()}
    if "verifier" in chosen:
        with tempfile.TemporaryDirectory(prefix="exchange-bench-") as directory:
            results["verifier"] = verifier.measure(Path(directory))
    if "consents_stream" in chosen:
        _measure_consents(results)
    if set(chosen) - {"verifier", "consents_stream"}:
        _measure_server(chosen, results)
    results["seconds"] = round(time.monotonic() - begun, 1)
    _OUTPUT.parent.mkdir(exist_ok=True)
    _OUTPUT.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    _show(results)


def _measure_server(chosen: list[str], results: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory(prefix="exchange-bench-") as directory, ground(Path(directory)) as on:
        with server(on):
            key = furnish(on, stream.make_file(on.directory))
            answer = delivery.one_answer(on, key)
        with server(on, answer=answer) as pid:
            if "delivery" in chosen:
                results["delivery"] = delivery.measure(on, pid, key)
            if "stream" in chosen:
                results["stream"] = stream.measure(on, key)
        if "ledger" in chosen:
            results["ledger"] = durable.measure(on)
        if "policies" in chosen:
            results["policies"] = policies.measure(on, key)
        if "growth" in chosen:
            results["growth"] = growth.measure(on)


def _measure_consents(results: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory(prefix="exchange-bench-") as directory, ground(Path(directory)) as on:
        with server(on):
            owner, platform = furnish_for(on, stream.make_file(on.directory), by_consent=True)
        with server(on) as pid:
            results["consents_stream"] = consents_stream.measure(
                on, pid, owner, platform, people=_PEOPLE, consents=_CONSENTS
            )


def _show(results: dict[str, Any]) -> None:
    console = Console(width=110, highlight=False)
    at = results["machine"]
    console.print(f"{at['processor']}, {at['cpus']} CPUs, load {at['load']}, Python {at['python']}, {at['system']}")
    table = Table("figure", "median", "least", "greatest", "rounds", "target", title="Benchmarks")
    if "delivery" in results:
        _show_delivery(table, results["delivery"])
    if "stream" in results:
        streamed = results["stream"]
        _row(table, "stream.arrow_over_duckdb", streamed["ratio"], "≥ 0.5")
        _row(table, "  governed, rows/s", streamed["governed_rows_per_s"])
        _row(table, "  DuckDB alone, rows/s", streamed["duckdb_rows_per_s"])
    if "consents_stream" in results:
        _show_consents(table, results["consents_stream"])
    if "ledger" in results:
        _show_ledger(table, results["ledger"])
    if "policies" in results:
        _show_policies(table, results["policies"])
    for size, at_size in results.get("growth", {}).items():
        _row(table, f"ledger of {int(size):,} entries, durable/s", at_size["per_s"])
        _row(table, "  p99, ms", at_size["p99_ms"])
    console.print(table)
    _show_tables(console, results)
    console.print(f"written to {_OUTPUT} in {results['seconds']} s")


def _show_tables(console: Console, results: dict[str, Any]) -> None:
    if "verifier" in results:
        sizes = Table("entries", "entries/s", "peak memory, MiB", "proof, ms", "p99, ms", title="ledger verify")
        for verified in results["verifier"].values():
            proof = verified["proof_ms"]
            figures = (f"{verified['peak_mib']}", f"{proof['median']:.3f}", f"{proof['p99']:.3f}")
            sizes.add_row(f"{verified['entries']:,}", f"{verified['per_s']:,}", *figures)
        console.print(sizes)
    for title, stages in results.get("delivery", {}).get("stages", {}).items():
        shares = Table(title.replace("_", " "), "µs a request", "share")
        for name, people_exchange in stages.items():
            shares.add_row(name, f"{people_exchange['us']:,.0f}", f"{people_exchange['share']:.1%}")
        console.print(shares)


def _show_delivery(table: Table, figures: dict[str, Any]) -> None:
    _row(table, "delivery.governed_over_bare", figures["ratio"], "≥ 0.2, aim 0.5")
    _row(table, "  for people asked for for the first time", figures["first_over_bare"])
    for name in ("governed", "first", "bare"):
        for key, unit in _UNITS:
            _row(table, f"  {name}, {unit}", figures[name][key])


def _show_policies(table: Table, figures: dict[str, Any]) -> None:
    sizes = [size for size in figures if size != "memory"]
    for name, target in (
        ("embedded_ms", "< 0.5"),
        ("remembered_ms", "< 0.05"),
        ("opa_ms", ""),
        ("with_facts_ms", "within 1.5 × of the first"),
    ):
        for size in sizes:
            if name in figures[size]:
                _row(table, f"policies.{name}, {int(size):,} agreements", figures[size][name], target)
    for name, megabytes in figures["memory"].items():
        table.add_row(f"  memory {name.replace('_', ' ')}", f"{megabytes:,.1f}", "", "", "", "steady")


def _show_consents(table: Table, figures: dict[str, Any]) -> None:
    _row(table, "consents.stream_over_plain", figures["stream_over_plain"], "≤ 1.5")
    _row(table, "  by consent, s", figures["stream_seconds"])
    _row(table, "  without, s", figures["plain_seconds"])
    _row(table, "consents.point_over_plain", figures["point_over_plain"], "≥ 0.8")
    _row(table, "  by consent, server CPU, µs a request", figures["point_cpu_us"])
    _row(table, "  without, server CPU, µs a request", figures["plain_point_cpu_us"])
    _row(table, "consents.withdrawal_s, of another process", figures["withdrawal_s"], "< 1")
    for name in ("withdrawal_in_stream_s", "sidecar_s", "filled_s", "memory_mib"):
        table.add_row(f"  {name}", f"{figures[name]:,.1f}", "", "", "", "")


def _show_ledger(table: Table, figures: dict[str, Any]) -> None:
    for workers, by_in_flight in figures["workers"].items():
        for in_flight, at_load in by_in_flight.items():
            name = f"ledger.durable_per_s.{in_flight}" if workers == "1" else f"  {workers} processes × {in_flight}"
            _row(table, name, at_load["per_s"], _TARGETS.get((workers, in_flight), ""))
            _row(table, "    p99, ms", at_load["p99_ms"])
    if "peer" in figures:
        for in_flight, at_load in figures["peer"]["in_flight"].items():
            _row(table, f"  {figures['peer']['name']}, {in_flight}", at_load["per_s"])
            _row(table, "    p99, ms", at_load["p99_ms"])
        for in_flight, quotient in figures["peer"]["ours_over_peer"].items():
            _row(table, f"ledger.ours_over_peer.{in_flight}", quotient, "≥ 1")


def _row(table: Table, name: str, figure: dict[str, Any], target: str = "") -> None:
    values = (f"{figure[key]:,.{0 if figure[key] >= _LARGE else 3}f}" for key in ("median", "min", "max"))
    table.add_row(name, *values, str(figure["rounds"]), target)


if __name__ == "__main__":
    main()
