"""The embedded engine decides or denies; it never raises, and never logs the content of the input."""

import json
import logging
import threading
from contextlib import closing
from typing import Any

import pytest

from policies.decision.documents import DeliveryInput
from policies.engines.embedded import BundleRefused, EmbeddedEngine
from policies.engines.interpreter import load_interpreter
from policies.rego.bundle import Bundle, load_bundle, write_bundle
from tests.support.policy_samples import NOW, allowed

SECRET = "secret-value"


def document(**changes: Any) -> DeliveryInput:
    return DeliveryInput.model_validate_json(json.dumps({**allowed(), **changes}))


def deciding(rego: str) -> EmbeddedEngine:
    """An engine whose whole policy is this text."""
    return EmbeddedEngine(Bundle({"delivery.rego": f"package exchange.delivery\n\n{rego}\n".encode()}))


async def test_an_allowed_delivery_has_its_obligations(engine: EmbeddedEngine):
    decision = await engine.decide(document())
    assert decision.allow
    assert decision.agreement == "first"
    assert decision.revision == engine.revision
    assert decision.obligations is not None
    assert decision.obligations.model_dump(mode="json", exclude_none=True) == {
        "columns": [
            {"name": "id"},
            {"name": "姓名", "mask": {"kind": "partial", "keep_start": 1, "keep_end": 0}},
            {"name": "region"},
            {"name": "salary", "mask": {"kind": "bucket", "size": 1000}},
        ],
        "row_filters": [
            {"field": "region", "op": "eq", "value": "330100"},
            {"field": "degree", "op": "in", "value": ["硕士", "doctor"]},
        ],
        "row_cap": 500,
        "rates": [{"requests": 100, "seconds": 3600}],
        "not_after": NOW + 1000,
    }


async def test_a_denial_names_every_reason(engine: EmbeddedEngine):
    decision = await engine.decide(document(now=NOW + 5000, requested=["id"], lane="trade"))
    assert [(reason.code, reason.ref) for reason in decision.reasons] == [
        ("lane-mismatch", "first"),
        ("terms-expired", "people"),
        ("agreement-expired", "first"),
    ]


@pytest.mark.parametrize(
    ("mask", "filters"),
    [
        ({"kind": "rot13"}, []),
        ({"kind": "hash", "salt": SECRET}, []),
        ({"kind": "partial", "keep_start": -1, "keep_end": 0}, []),
        ({"kind": "bucket", "size": 0.5}, []),
        ({"kind": "null"}, [{"sql": SECRET}]),
        ({"kind": "null"}, [{"field": "region", "op": "~", "value": SECRET}]),
        ({"kind": "null"}, [{"field": "region", "op": "eq", "value": None}]),
    ],
)
async def test_an_obligation_nobody_can_carry_out_is_a_denial(
    engine: EmbeddedEngine, caplog: pytest.LogCaptureFixture, mask: dict[str, Any], filters: list[Any]
):
    changed = allowed()
    changed["resource"]["terms"] |= {"masks": {"姓名": mask}, "row_filters": filters}
    decision = await engine.decide(document(**changed))
    assert [reason.code for reason in decision.reasons] == ["obligation-unknown"]
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "rego",
    [
        "decision := 1",
        "decision := {} if input.lane == 1",
        'decision := {"allow": true, "reasons": [], "revision": data.bundle.revision}',
        'decision := {"allow": false, "reasons": [], "revision": data.bundle.revision}',
        'decision := {"allow": false, "reasons": [{"code": input.purpose, "rule": ""}], "revision": "r"}',
        'decision := {"allow": false, "reasons": [{"code": "role-missing", "rule": "r"}], "revision": "other"}',
        "decision := input.purpose\n\ndecision := input.lane",
        'decision := {input.purpose: true, "allow": false}',
    ],
)
async def test_an_engine_without_a_decision_denies(caplog: pytest.LogCaptureFixture, rego: str):
    with closing(deciding(rego)) as engine:
        decision = await engine.decide(document(purpose=SECRET))
    assert not decision.allow
    assert [(reason.code, reason.rule) for reason in decision.reasons] == [("policy-unavailable", "engine")]
    assert decision.revision == engine.revision
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert SECRET not in caplog.text


async def test_a_panic_denies_once(own_bundle: Bundle, engine: EmbeddedEngine, caplog: pytest.LogCaptureFixture):
    # An interpreter panics when another thread than its own uses it.
    interpreters: list[Any] = []
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        interpreters.append(load_interpreter(own_bundle))
        holding.set()
        release.wait()
        interpreters.clear()

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait()
    engine._interpreters._threads.interpreter = interpreters[0]
    panicked = await engine.decide(document())
    release.set()
    thread.join()
    assert [reason.code for reason in panicked.reasons] == ["policy-unavailable"]
    assert "PanicException" in caplog.text
    assert (await engine.decide(document())).allow


def test_threads_get_their_own_answers(engine: EmbeddedEngine):
    wrong: list[str] = []

    def ask(number: int) -> None:
        own = document(requested=[] if number % 2 else ["none"], purpose="talent-service")
        for _ in range(200):
            decision = engine.decide_now(own)
            if decision.allow != bool(number % 2):
                wrong.append(str(decision))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("rego", "says"),
    [
        ("decision := {", "expecting"),
        ("decision := x", "x"),
        ("decision := opa.runtime()", "delivery.rego:3: opa.runtime is not portable"),
        ("other := 1", "decision"),
    ],
)
def test_a_policy_that_cannot_work_is_refused_at_once(rego: str, says: str):
    with pytest.raises(BundleRefused, match=says) as refused:
        deciding(rego)
    assert "backtrace" not in str(refused.value)


def test_a_stored_bundle_decides_again(own_bundle: Bundle, engine: EmbeddedEngine):
    stored = {path: bytes(content) for path, content in own_bundle.files.items()}
    with closing(EmbeddedEngine(Bundle(stored))) as replayed:
        assert replayed.decide_now(document()) == engine.decide_now(document())


def test_the_digest_is_what_sha256sum_would_give(own_bundle: Bundle, tmp_path: Any):
    assert set(own_bundle.files) == {"delivery.rego"}
    known = Bundle({"b.rego": b"b", "a.rego": b"a"})
    assert known.digest == "580a2a0227ba98be00a0c0ab5332605a67b1c0f34dbc2a3e2e2d30315ab709ae"
    (tmp_path / "a.rego").write_bytes(own_bundle.files["delivery.rego"])
    (tmp_path / "a_test.rego").write_bytes(b"package never")
    assert load_bundle(tmp_path).digest != own_bundle.digest
    (tmp_path / "a.rego").rename(tmp_path / "delivery.rego")
    assert load_bundle(tmp_path).digest == own_bundle.digest
    (tmp_path / "data.json").write_bytes(b'{"limit": 1}')
    assert load_bundle(tmp_path).digest != own_bundle.digest
    write_bundle(load_bundle(tmp_path), tmp_path / "out")
    assert json.loads((tmp_path / "out" / "data.json").read_bytes()) == {
        "limit": 1,
        "bundle": {"revision": load_bundle(tmp_path).digest},
    }


def test_the_revision_of_the_policy_changes_only_on_purpose(own_bundle: Bundle):
    # Every entry on a ledger names this digest, and a comment changes it too: state in the changelog why it changed.
    assert own_bundle.digest == "88167bd3bb750ae08d1af50e48554eb349784b78e0cfe1c5983503dee6b8c7a4"
