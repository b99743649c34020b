"""Interpreters are let go of by the threads that made them, whichever thread collects what referred to them."""

import gc
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from policies.decision.documents import DeliveryInput
from policies.engines.embedded import BundleRefused, EmbeddedEngine
from policies.engines.interpreter import Interpreters
from policies.engines.tracing import Tracer
from policies.rego.bundle import Bundle
from tests.support.policy_samples import allowed

DOCUMENT = DeliveryInput.model_validate(allowed(), strict=False)


def leave(thing: Any) -> None:
    """Garbage that only a collector finds."""
    cycle = [thing]
    cycle.append(cycle)


def collected_elsewhere(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect all garbage in another thread; return the errors that Python reports of that thread."""
    messages: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(sys, "unraisablehook", lambda problem: messages.append(str(problem.exc_value)))
        thread = threading.Thread(target=gc.collect)
        thread.start()
        thread.join()
    return messages


def ask_and_close(bundle: Bundle) -> None:
    engine = EmbeddedEngine(bundle)
    assert engine.decide_now(DOCUMENT).allow
    engine.close()
    leave(engine)


def trace_and_close(bundle: Bundle) -> None:
    tracer = Tracer(bundle)
    assert all(tracer.evaluate_rules(DOCUMENT).values())
    tracer.close()
    leave(tracer)


def be_refused(_: Bundle) -> None:
    with pytest.raises(BundleRefused) as refused:
        EmbeddedEngine(Bundle({"delivery.rego": b"package exchange.delivery\n\ndecision := {\n"}))
    leave(refused)


def fail(bundle: Bundle) -> None:
    interpreters = Interpreters(bundle)
    with pytest.raises(RuntimeError) as failed:
        interpreters.evaluate("data.exchange.delivery.decision", "no JSON")
    interpreters.close()
    leave(failed)


@pytest.mark.parametrize("act", [ask_and_close, trace_and_close, be_refused, fail])
def test_nothing_is_left_for_another_thread(
    own_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, act: Callable[[Bundle], None]
):
    gc.collect()
    gc.disable()
    try:
        act(own_bundle)
        assert collected_elsewhere(monkeypatch) == []
    finally:
        gc.enable()


def test_what_is_not_closed_another_thread_cannot_let_go_of(own_bundle: Bundle, monkeypatch: pytest.MonkeyPatch):
    gc.collect()
    leave(EmbeddedEngine(own_bundle))
    [message] = collected_elsewhere(monkeypatch)
    assert "another thread" in message


def test_a_closed_engine_that_is_asked_again_answers(own_bundle: Bundle, engine: EmbeddedEngine):
    decided = engine.decide_now(DOCUMENT)
    engine.close()
    assert engine.decide_now(DOCUMENT) == decided
