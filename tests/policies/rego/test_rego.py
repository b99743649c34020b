"""The policy's own tests: on the embedded engine, on OPA where there is one, and whether they notice a lost line."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import regorus

from policies.rego.bundle import Bundle

ROOT = Path(__file__).parents[3]
POLICIES = ROOT / "policies" / "rego"
TESTS = (POLICIES / "delivery_test.rego").read_text(encoding="utf-8")
NAMES = re.findall(r"^(test_\w+) if", TESTS, re.MULTILINE)


def interpreter(policy: str) -> regorus.Engine:
    engine = regorus.Engine()
    engine.add_policy("delivery.rego", policy)
    engine.add_policy("delivery_test.rego", TESTS)
    engine.add_data_json('{"bundle": {"revision": "none"}}')
    return engine


def holds(engine: regorus.Engine, name: str) -> bool:
    return bool(json.loads(engine.eval_rule_as_json(f"data.exchange.delivery_test.{name}")) is True)


@pytest.fixture(scope="module")
def policy(own_bundle: Bundle) -> str:
    return own_bundle.files["delivery.rego"].decode()


def test_no_test_is_overlooked():
    assert len(NAMES) == len(set(NAMES)) == TESTS.count("\ntest_") > 30


@pytest.mark.parametrize("name", NAMES)
def test_on_the_embedded_engine(policy: str, name: str):
    assert holds(interpreter(policy), name)


@pytest.mark.endurance
def test_on_opa_with_every_line_covered(opa: str):
    report = subprocess.run([opa, "test", "--coverage", POLICIES], capture_output=True, check=False, text=True)
    assert report.returncode == 0, report.stdout
    assert json.loads(report.stdout)["not_covered_lines"] == 0
    listed = subprocess.run([opa, "test", "--format=json", POLICIES], capture_output=True, check=True)
    assert {test["name"] for test in json.loads(listed.stdout)} == set(NAMES)


@pytest.mark.endurance
def test_opa_finds_nothing_to_object_to(opa: str):
    subprocess.run([opa, "check", "--strict", POLICIES], check=True)
    changed = subprocess.run([opa, "fmt", "--list", POLICIES], capture_output=True, check=True, text=True)
    assert changed.stdout == ""


def without_each_line(policy: str) -> list[tuple[int, str]]:
    """The policy without one line inside braces or brackets, once for each such line, comments left alone."""
    lines = policy.splitlines()
    return [
        (number, "\n".join([*lines[: number - 1], *lines[number:]]))
        for number, line in enumerate(lines, 1)
        if line.startswith("\t") and line.strip() not in {"}", "]", "} if {"}
    ]


def notices(changed: str) -> bool:
    """Whether the loss of a line is an error or fails a test."""
    try:
        engine = interpreter(changed)
        return not all(holds(engine, name) for name in NAMES)
    except Exception:  # noqa: BLE001 - any failure to compile or evaluate is a notice
        return True


@pytest.mark.endurance
def test_a_lost_line_is_noticed(policy: str):
    survivors = [number for number, changed in without_each_line(policy) if not notices(changed)]
    assert [policy.splitlines()[number - 1] for number in survivors] == []


FLIPS = (
    (r" == ", " != "),
    (r" != ", " == "),
    (r" < ", " <= "),
    (r" <= ", " < "),
    (r" < ", " >= "),
    (r" <= ", " > "),
    (r" > ", " <= "),
    (r" > 0", " >= 0"),
    (r"\bnot ", ""),
    (r" if (?=[a-z_]+(?:\(|$| ==))(?!not )", " if not "),
    (r"^\t(?=[a-z_]+$)", "\tnot "),
    (r"^\t(?=[a-z_]+\([^:]*\)$)", "\tnot "),
    (r" & ", " | "),
    (r" \| (?!some)", " & "),
    (r" - ", " | "),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
    (r'"government": \{"department"\}', '"government": {"department", "enterprise"}'),
    (r"\[0\]", "[1]"),
)
# These changes keep the meaning: either of two equal caps is the lower; two prefixes of one length are one mask.
SAME = {("lower(a, b) := b if b < a", " <= "), ("\ta.length <= b.length", " < ")}


def flipped(policy: str) -> list[tuple[int, str, str]]:
    """The policy with one condition turned round, once for each: its line, as it is then, and the whole."""
    mutations = []
    start = policy.index("decision := {")
    for pattern, replacement in FLIPS:
        for match in re.finditer(pattern, policy, re.MULTILINE):
            begin = policy.rfind("\n", 0, match.start()) + 1
            line = policy[begin : policy.index("\n", match.end() - 1)]
            if match.start() < start or line.lstrip().startswith("#") or (line, replacement) in SAME:
                continue
            changed = policy[: match.start()] + match.expand(replacement) + policy[match.end() :]
            after = changed[begin : changed.index("\n", match.start() + len(replacement) - 1)]
            mutations.append((policy.count("\n", 0, match.start()) + 1, after, changed))
    return mutations


@pytest.mark.endurance
def test_a_condition_turned_round_is_noticed(policy: str):
    mutants = flipped(policy)
    assert len(mutants) > 60
    assert [(number, line) for number, line, changed in mutants if not notices(changed)] == []
