"""The log never stands in the way of work, repeats no failure endlessly, and has no values, also of libraries."""

import io
import json
import logging
import os
import socket
from collections.abc import Iterator

import pytest
import structlog

from exchange.kernel import logs
from exchange.kernel.logwriter import DirectLines, QueuedLines
from policies.decision.conclusion import deny_unavailable


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure(stream=stream)
    yield stream
    logs.configure()


def lines_of(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_log_whose_reader_has_gone_raises_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    queued = QueuedLines(writing)
    queued.write("lost")
    assert queued.flush(10)
    os.close(writing)
    queued.write("lost too")
    assert queued.flush(10)


def test_a_log_that_is_closed_raises_nothing() -> None:
    stream = io.StringIO()
    lines = DirectLines(stream)
    lines.write("kept")
    assert stream.getvalue() == "kept\n"
    stream.close()
    lines.write("lost")


def test_a_log_whose_reader_has_stopped_holds_nothing_up_and_states_what_was_lost() -> None:
    reading, writing = os.pipe()
    queued = QueuedLines(writing, limit=100)
    line = "x" * 8000
    for _ in range(1000):  # far more than a pipe and the queue hold
        queued.write(line)
    assert not queued.flush(0)
    received = b""
    with os.fdopen(reading, "rb") as reader:
        while b"}\n" not in received:
            received += os.read(reader.fileno(), 1 << 20)
        stated = json.loads(received[received.index(b"{") :].partition(b"\n")[0])
        assert stated["event"] == "lines of the log were lost"
        assert 0 < stated["size"] < 1000
    assert queued.flush(10)  # the rest is lost with its reader, before another file can have this descriptor
    os.close(writing)


def test_lines_of_a_busy_process_are_written_together_and_stay_whole() -> None:
    reading, writing = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # one packet for each write
    queued = QueuedLines(writing.fileno())
    queued.write("alone")
    assert queued.flush(10)
    lines = [f"{number:03}" + "x" * 500 for number in range(100)]
    with queued._changed:  # the thread takes none before all have come
        for line in [*lines, "last"]:
            queued.write(line)
    packets = [reading.recv(1 << 16)]
    while not packets[-1].endswith(b"last\n"):
        packets.append(reading.recv(1 << 16))
    assert b"".join(packets).decode().splitlines() == ["alone", *lines, "last"]
    assert all(packet.endswith(b"\n") and len(packet) <= 4096 for packet in packets)
    assert len(packets) == 1 + -(-len(lines) // 8)  # eight lines fit
    reading.close()
    assert queued.flush(10)
    writing.close()


def test_a_forked_process_writes_its_own_lines() -> None:
    reading, writing = os.pipe()
    queued = QueuedLines(writing)
    queued.write("parent")
    assert queued.flush(10)
    queued._process = -1  # as after a fork, which leaves the thread behind
    queued.write("child")
    assert queued.flush(10)
    os.close(writing)
    with os.fdopen(reading) as lines:
        assert lines.read() == "parent\nchild\n"


def test_a_database_that_is_away_is_logged_once_a_second(stream: io.StringIO) -> None:
    moment = 0.0
    limit = logs._Limit(lambda: moment)
    passed = []
    for step in range(400):
        moment = step / 100
        for error in (ConnectionRefusedError(), TimeoutError(), ConnectionResetError()):
            try:
                passed.append(limit(None, "", {"event": f"request {step} failed", "exc_info": error}))
            except structlog.DropEvent:
                continue
    assert len(passed) == 4
    assert passed[1]["repeated"] == 299


def test_other_failures_are_told_apart(stream: io.StringIO) -> None:
    for error in (ValueError("330106196810288219"), KeyError("330106196810288219"), ValueError("another")):
        logs.log().error("work failed", exc_info=error, kind=type(error).__name__)
    assert [line["error"] for line in lines_of(stream)] == ["ValueError", "KeyError"]
    assert "330106" not in stream.getvalue()


def test_a_failure_of_the_policy_engine_is_logged_with_its_cause(stream: io.StringIO) -> None:
    logger = logging.getLogger("policies.decision.conclusion")
    handler = logs._Foreign()
    logger.addHandler(handler)
    try:
        deny_unavailable("no answer within 0.5 seconds", revision="r", engine="opa-server")
    finally:
        logger.removeHandler(handler)
    [line] = lines_of(stream)
    assert line["event"] == "opa-server gave no decision: no answer within 0.5 seconds"


def test_libraries_log_in_the_same_form_without_values(stream: io.StringIO) -> None:
    handler = logs._Foreign()
    logger = logging.getLogger("uvicorn.test")
    logger.propagate = False
    logger.addHandler(handler)
    try:
        try:
            raise ValueError("330106196810288219")
        except ValueError:
            logger.exception("Exception in ASGI application\n")
        logger.error("Task failed\nfuture: <Task exception=ValueError('330106196810288219')>")
        logger.warning("value %s", "330106196810288219")
        logger.info("Application startup complete.")
    finally:
        logger.removeHandler(handler)
    assert "330106" not in stream.getvalue()
    lines = lines_of(stream)
    assert [(line["event"], line["kind"]) for line in lines] == [
        ("Exception in ASGI application", "uvicorn.test"),
        ("Task failed", "uvicorn.test"),
        ("value %s", "uvicorn.test"),
    ]
    assert lines[0]["error"] == "ValueError"
    assert "traceback" not in stream.getvalue().lower()
