"""Metrics for Prometheus: each process keeps its own, and the one that started the others serves all of them together.

A port that several processes shared would answer with the metrics of a random one. So each process writes its metrics to a
file of the data directory every few seconds, and the parent merges the files of those that live, by the label `process`.
"""

import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import REGISTRY, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from admin.server.serving import require_free_port
from exchange.kernel import logs, metrics
from groundwork import durable

WRITE_SECONDS: Final = 5.0
"""How old the metrics of a process may be."""

_FOLDER, _SUFFIX = "metrics", ".prom"
_PATH = "/metrics"


def begin(data: Path) -> None:
    """Collect this process's metrics, and write them to the data directory until the process ends."""
    metrics.begin_collecting(MeterProvider([PrometheusMetricReader(disable_target_info=True)]))
    threading.Thread(target=_write_for_ever, args=(data / _FOLDER,), name="metrics", daemon=True).start()


def _write_for_ever(folder: Path) -> None:
    path = folder / f"{os.getpid()}{_SUFFIX}"
    pause = threading.Event()
    while True:
        try:
            durable.write(path, generate_latest(REGISTRY), mode=0o600, sync=False)
        except OSError as error:
            logs.log().warning("the metrics cannot be written; trying again", exc_info=error)
        pause.wait(WRITE_SECONDS)


class _Merged(Collector):
    """The metrics of all processes that live, each sample with the label `process`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Read the files. That of a process that has ended is removed."""
        merged: dict[str, Metric] = {}
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            if not path.stem.isdigit() or not _is_alive(int(path.stem)):
                path.unlink(missing_ok=True)
                continue
            with suppress(OSError, ValueError):
                for family in text_string_to_metric_families(path.read_text(encoding="utf-8")):
                    metric = merged.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                    for sample in family.samples:
                        metric.samples.append(sample._replace(labels={**sample.labels, "process": path.stem}))
        return merged.values()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def served(data: Path, host: str, port: int | None) -> Iterator[None]:
    """Serve the metrics of this exchange's processes during the block, where there is a port for them. Raises CannotDo."""
    shutil.rmtree(data / _FOLDER, ignore_errors=True)  # of processes that ended
    if port is None:
        yield
        return
    require_free_port(host, port, choice="EXCHANGE_METRICS_PORT")
    durable.make_directory(data / _FOLDER)
    registry = CollectorRegistry()
    registry.register(_Merged(data / _FOLDER))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_there = self.path == _PATH
            content = generate_latest(registry) if is_there else b"metrics are at /metrics\n"
            self.send_response(200 if is_there else 404)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST if is_there else "text/plain")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Log nothing: a scrape is no event."""

    with ThreadingHTTPServer((host, port), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, name="metrics-page", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
