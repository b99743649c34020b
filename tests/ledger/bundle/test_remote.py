"""Verifying a ledger where it is served, without writing it anywhere."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from ledger import cli
from ledger.bundle import http
from ledger.bundle.http import Fetcher
from ledger.bundle.remote import Remote
from ledger.verification.report import Code
from ledger.verification.verify import verify
from tests.support.ledgers.log_server import serve_log
from tests.support.ledgers.logs import Log


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    monkeypatch.setattr("ledger.bundle.http.PAUSE", 0.0)


def verified(url: str, **more: Any):
    with Fetcher(url) as opened:
        return verify(Remote(opened), **more)


@pytest.mark.parametrize("size", [1, 256, 700])
def test_a_served_log_is_verified_as_an_exported_one_is(size, tmp_path):
    log = Log.signed_at(*{1, size // 2 + 1, size})
    with serve_log(log) as server:
        remote = verified(server.url, verifier=log.signer.verifier)
    local = verify(log.write(tmp_path / "export"), verifier=log.signer.verifier)
    assert local.is_ok
    assert remote.to_json() == local.to_json()


def test_the_same_is_found_wrong_with_it(tmp_path):
    log = Log.signed_at(10, 300, 700)
    directory = log.write(tmp_path / "export")
    data = bytearray((directory / "tile/entries/001").read_bytes())
    data[5000] ^= 1
    (directory / "tile/entries/001").write_bytes(data)
    with serve_log(log) as server:
        server.broken["tile/entries/001"] = bytes(data)
        remote = verified(server.url)
    assert remote.first_bad_index is not None
    assert remote.to_json() == verify(directory).to_json()


def test_a_log_that_grows_meanwhile_is_verified_up_to_where_it_was():
    log = Log.signed_at(10, 300)
    with serve_log(log) as server, Fetcher(server.url) as opened:

        def grow(begin: int, size: int) -> None:
            if log.size < 1000:
                log.append(100)
                log.sign()

        report = verify(Remote(opened), progress=grow)
    assert report.is_ok, report.text()
    assert (report.size, report.checkpoints_matched) == (300, 2)


def test_a_server_that_stumbles_is_asked_again():
    log = Log.signed_at(300)
    with serve_log(log) as server:
        server.stumbles["tile/0/000"] = [503, 500, 429]
        report = verified(server.url)
        assert report.is_ok, report.text()
        assert server.requests.count("tile/0/000") == 4


def test_a_server_that_is_gone_is_given_up():
    report = verified("http://127.0.0.1:9", verifier=Log.signed_at(1).signer.verifier)
    assert not report.is_ok
    assert {finding.code for finding in report.findings} == {Code.FILE_UNUSABLE}


def test_a_tile_is_asked_for_so_many_times_and_no_more():
    log = Log.signed_at(300)
    with serve_log(log) as server:
        server.broken["tile/0/000"] = 503
        report = verified(server.url)
        assert server.requests.count("tile/0/000") == http.TRIES
    assert Code.FILE_UNUSABLE in {finding.code for finding in report.findings}


def test_entries_that_are_kept_for_auditors_are_said_to_be():
    log = Log.signed_at(300)
    with serve_log(log) as server:
        server.problem = json.dumps({"detail": "An auditor reads entries with a signed request."}).encode()
        server.broken |= {"tile/entries/000": 403, "tile/entries/001.p/44": 403}
        report = verified(server.url)
    assert report.first_bad_index == 0
    assert "An auditor reads entries" in report.findings[0].detail
    assert report.checkpoints_matched == 1  # by its tiles alone


@pytest.mark.parametrize(
    "listed",
    [
        b"[]",
        b"null",
        b'{"checkpoints":[{"size":"1","note":""}]}',
        b'{"checkpoints":[{"size":5,"note":"x"},{"size":5,"note":"x"}]}',
        b'{"checkpoints":[{"size":0,"note":"x"}]}',
        b'{"checkpoints":[{"size":true,"note":"x"}]}',
    ],
)
def test_rubbish_for_a_list_of_checkpoints_is_a_finding(listed):
    with serve_log(Log.signed_at(10)) as server:
        server.broken["checkpoints"] = listed
        report = verified(server.url)
    assert Code.FILE_UNUSABLE in {finding.code for finding in report.findings}


def test_a_plain_server_of_files_has_no_list_and_needs_none():
    with serve_log(Log.signed_at(10)) as server:
        server.broken["checkpoints"] = 404
        assert verified(server.url).is_ok


def test_the_command_takes_an_address():
    log = Log.signed_at(300)
    with serve_log(log) as server:
        result = CliRunner().invoke(cli.app, ["verify", server.url, "--vkey", log.signer.vkey, "--json"])
        assert result.exit_code == 0
        assert json.loads(result.stdout)["size"] == 300
        server.broken["tile/0/000"] = bytes(8192)
        result = CliRunner().invoke(cli.app, ["verify", server.url])
        assert result.exit_code == 1
        assert "still match" in result.stdout
