"""Metrics of all processes on one page, for Prometheus: counted without people, organisations and values."""

import os
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from admin.server import metrics
from admin.server.reaching import free_port
from admin.terminal import CannotDo
from tests.support.processes.server import ROOT

OWN = """# HELP exchange_deliveries_total Requests for data
# TYPE exchange_deliveries_total counter
exchange_deliveries_total{outcome="delivered",problem=""} 3.0
"""
COUNTS = """
import sys
from pathlib import Path
from admin.server import metrics as served
from exchange.kernel import metrics
served.begin(Path(sys.argv[1]))
shared = {"method": "POST", "route": "/api/v1/deliveries", "seconds": 0.02, "is_data": True}
metrics.count_request(status=200, problem=None, **shared)
metrics.count_request(status=403, problem="agreement-missing", **shared)
metrics.count_request(status=503, problem="ledger-unavailable", **shared)
metrics.gauge("exchange.ledger.uncovered.age", "s", "x", lambda: {"": 12.5})
print(served.generate_latest(served.REGISTRY).decode())
"""


def samples_of(text: str) -> dict[tuple[str, str, str], float]:
    return {
        (sample.name, sample.labels.get("outcome", ""), sample.labels.get("problem", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_page_has_the_metrics_of_every_process_that_lives(tmp_path: Path) -> None:
    port = free_port()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "1.prom").write_text("of an earlier server")
    with metrics.served(tmp_path, "127.0.0.1", port):
        folder = tmp_path / "metrics"
        assert list(folder.iterdir()) == []
        for process in (os.getpid(), os.getppid(), ended.pid):
            (folder / f"{process}.prom").write_text(OWN)
        page = httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
        assert httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code == 404
        assert not (folder / f"{ended.pid}.prom").exists()
    assert page.headers["content-type"].startswith("text/plain")
    [family] = [family for family in text_string_to_metric_families(page.text) if family.name == "exchange_deliveries"]
    assert {sample.labels["process"] for sample in family.samples} == {str(os.getpid()), str(os.getppid())}
    assert {sample.value for sample in family.samples} == {3.0}
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)


def test_no_port_serves_nothing(tmp_path: Path) -> None:
    with metrics.served(tmp_path, "127.0.0.1", None):
        assert not (tmp_path / "metrics").exists()


def test_a_port_in_use_names_its_setting(tmp_path: Path) -> None:
    port = free_port()
    with (
        metrics.served(tmp_path / "one", "127.0.0.1", port),
        pytest.raises(CannotDo) as error,
        metrics.served(tmp_path / "two", "127.0.0.1", port),
    ):
        pass
    assert "EXCHANGE_METRICS_PORT" in error.value.hint


def test_what_is_counted(tmp_path: Path) -> None:
    """The test uses a process of its own, since a process collects until it ends."""
    command = [sys.executable, "-c", COUNTS, str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    samples = samples_of(result.stdout)
    assert samples["exchange_deliveries_total", "delivered", ""] == 1
    assert samples["exchange_deliveries_total", "refused", "agreement-missing"] == 1
    assert samples["exchange_deliveries_total", "failed", "ledger-unavailable"] == 1
    assert samples["exchange_refusals_total", "", "agreement-missing"] == 1
    assert samples["exchange_ledger_uncovered_age_seconds", "", ""] == 12.5
    assert samples["http_server_request_duration_seconds_count", "", ""] == 1
