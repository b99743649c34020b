"""A decision taken apart: all rules together prove exactly what the policy allows, and obligations have a source."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest

from policies.decision.documents import DeliveryInput
from policies.engines.embedded import EmbeddedEngine
from policies.engines.tracing import Tracer, list_conjuncts, trace_obligations
from policies.rego.bundle import Bundle
from tests.support.policy_samples import any_document


@pytest.fixture
def tracer(own_bundle: Bundle) -> Iterator[Tracer]:
    with closing(Tracer(own_bundle)) as tracer:
        yield tracer


def test_all_rules_proven_is_allowed_and_one_that_is_not_denies(tracer: Tracer, engine: EmbeddedEngine):
    random = Random(7)
    for _ in range(300):
        document = DeliveryInput.model_validate_json(json.dumps(any_document(random)))
        decision = engine.decide_now(document)
        assert all(tracer.evaluate_rules(document).values()) == decision.allow
        assert bool(trace_obligations(document, decision)) == decision.allow
        for trace in trace_obligations(document, decision):
            assert trace.sources or (trace.kind == "column" and trace.value is None)


def test_the_rules_are_those_of_the_policy(own_bundle: Bundle):
    assert {"role_held", "level_permitted", "chosen"} <= set(list_conjuncts(own_bundle))
    with pytest.raises(ValueError, match="no rule"):
        list_conjuncts(Bundle({"delivery.rego": b"package exchange.delivery\n\nallow := true\n"}))


def test_threads_may_share_it(tracer: Tracer):
    document = DeliveryInput.model_validate_json(json.dumps(any_document(Random(1))))
    evaluated = []
    threads = [threading.Thread(target=lambda: evaluated.append(tracer.evaluate_rules(document))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert evaluated == [tracer.evaluate_rules(document)] * 3
