"""The published schemas are those of the documents, and hold what the documents hold."""

import copy
import json
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest

from policies.decision.documents import Decision, DeliveryInput
from policies.engines.embedded import EmbeddedEngine
from tests.support.pages import schema_files
from tests.support.policy_samples import allowed, any_document

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "docs" / "schemas"


def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.v1.json").read_text(encoding="utf-8"))
    jsonschema_rs.meta.validate(schema)
    return jsonschema_rs.Draft202012Validator(schema)


def test_the_files_are_what_the_code_says():
    texts = {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS.glob("*.json")}
    written = schema_files()
    assert {name: texts.get(name) for name in written} == dict(written), "run `make docs`"
    assert set(written) == {"input.v1.json", "decision.v1.json"}


def test_documents_and_decisions_are_of_the_schemas(engine: EmbeddedEngine):
    inputs, decisions, random = validator("input"), validator("decision"), Random(9)
    for _ in range(200):
        document = any_document(random)
        inputs.validate(document)
        decision = engine.decide_now(DeliveryInput.model_validate_json(json.dumps(document)))
        plain = json.loads(decision.model_dump_json(exclude_none=True))
        assert plain["schema"] == 1
        decisions.validate(plain)
        assert Decision.model_validate_json(json.dumps(plain)) == decision


@pytest.mark.parametrize(
    "path", [("now",), ("purpose",), ("subject", "kind"), ("resource", "terms", "row_cap"), ("rbac",)]
)
def test_what_the_schema_refuses_the_model_refuses(path: tuple[str, ...]):
    values: list[Any] = [None, [], {"a": 1}, -1, 1.5, "\x00"]
    for value in values:
        document: Any = copy.deepcopy(allowed())
        node = document
        for part in path[:-1]:
            node = node[part]
        node[path[-1]] = value
        if not validator("input").is_valid(document):
            with pytest.raises(ValueError, match="validation error"):
                DeliveryInput.model_validate_json(json.dumps(document))
        node.pop(path[-1])
        assert not validator("input").is_valid(document)


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_another_schema_is_refused(number: object, engine: EmbeddedEngine):
    with pytest.raises(ValueError, match="validation error"):
        DeliveryInput.model_validate_json(json.dumps({**allowed(), "schema": number}))
    answer = {**json.loads(engine.evaluate(json.dumps(allowed()))), "schema": number}
    with pytest.raises(ValueError, match="validation error"):
        Decision.model_validate_json(json.dumps(answer))
