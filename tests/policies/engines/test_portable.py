"""Policies stay inside the part of Rego on which the engines agree."""

import json
import subprocess
from pathlib import Path

import pytest
import regorus

from policies.engines.builtins import BUILTINS, RESERVED
from policies.engines.portable import NotPortable, check_portable, find_unportable
from policies.engines.syntax import NotRego, read
from policies.rego.bundle import Bundle


def module(body: str) -> Bundle:
    return Bundle({"a.rego": f"package a\n\n{body}\n".encode()})


@pytest.mark.parametrize(
    "body",
    [
        'x := http.send({"url": input.url})',
        "x := opa.runtime()",
        "x := time.now_ns()",
        "x := min({1, 2})",
        "x := sort([2, 1])",
        'x := object.union({"a": 1}, {"b": 2})',
        "x := walk(input)",
        'x := net.cidr_contains("10.0.0.0/8", "10.1.1.1")',
        "x if rand.intn (1, 2) == 1",
        'x := http["send"]({})',
        'x if contains("abc", input.a)',  # a function and a keyword
        "import future.keywords.in",
        "import rego.v1",
        "import input.subject",
        'x := concat(",", {"b", "a"})',
        "x if {\n\tsome y in input\n\tregex.match(`a`, y)\n}",
    ],
)
def test_what_engines_disagree_on_is_refused(body: str):
    with pytest.raises(NotPortable, match=r"^a\.rego:\d+: "):
        check_portable(module(body).modules())


def test_the_place_is_named():
    with pytest.raises(NotPortable, match=r"^a\.rego:7: opa\.runtime is not portable$"):
        check_portable(module('# opa.runtime()\nx := "http.send()"\n\n\ny := opa.runtime()').modules())


@pytest.mark.parametrize(
    "body",
    [
        "import data.other",
        "f(x) := y if {\n\ty := count(x)\n}\n\ng := f([1])",
        'x contains y if some y in (input.a | {"min("})',
        "x := `time.now_ns(` # sort(",
        "default allow := false\n\nallow if not (input.a)",
    ],
)
def test_what_engines_agree_on_is_not(body: str):
    check_portable(module(body).modules())


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("x := y if {\n\ty := 1\n}\n\nupper(input.a)", 7),
        ("f(1)\n\nx := f(2)", 3),
        ("f(1) == 2\n\nx := f(2)", 3),
        ("x := [\ng(1) = 2]", 4),
    ],
)
def test_a_call_is_no_rule(body: str, line: int):
    with pytest.raises(NotRego, match=rf"^--> a\.rego:{line}:"):
        check_portable(module(body).modules())


def test_a_call_defines_no_function():
    with pytest.raises(NotPortable, match=r"^a\.rego:4: g is not portable$"):
        check_portable(module("x if {\ng(1)\n}").modules())


def test_a_function_is_its_packages_own():
    files = {"a.rego": "package a\n\nx := f(1)\n", "b.rego": "package a\n\n f(x) := x\n"}
    check_portable(tuple(files.items()))
    files["b.rego"] = "package a_test\n\nf(x) := x\n"
    with pytest.raises(NotPortable, match="f is not portable"):
        check_portable(tuple(files.items()))


def test_what_is_reserved_is_nobodys_own():
    bundle = module("lower(x) := x\n\ny := lower(input.a)")
    check_portable(bundle.modules())
    assert [word for _, _, word in find_unportable(read(bundle.modules()), reserved=RESERVED)] == ["lower", "lower"]


def test_what_is_reserved_are_the_functions_of_opa(opa: str):
    result = subprocess.run([opa, "capabilities", "--current"], capture_output=True, check=True)
    names = {builtin["name"] for builtin in json.loads(result.stdout)["builtins"]}
    assert {name for name in names if "." not in name} <= RESERVED


def test_the_exchanges_own_policy_is_portable(own_bundle: Bundle):
    check_portable(own_bundle.modules())


# One line for each function on the list: what the engines must agree on, besides being defined.
EXAMPLES = {
    "abs": "[abs(-3), abs(0)]",
    "array.concat": "array.concat([3, 1], [2, [1]])",
    "array.slice": "[array.slice([1, 2, 3], 1, 9), array.slice([1], 1, 0)]",
    "count": '[count("姓名"), count({1, 1}), count([]), count({"a": 1})]',
    "endswith": '[endswith("姓名", "名"), endswith("a", "")]',
    "is_array": "[is_array(x) | some x in [1, [], {}]]",
    "is_boolean": "[is_boolean(x) | some x in [1, true]]",
    "is_number": '[is_number(x) | some x in [1, "1"]]',
    "is_object": "[is_object(x) | some x in [1, {}]]",
    "is_set": "[is_set(x) | some x in [set(), []]]",
    "is_string": '[is_string(x) | some x in [1, "1"]]',
    "object.get": '[object.get({"a": 1}, "a", 2), object.get({}, "a", 2), object.get({"a": {"b": 3}}, ["a", "b"], 2)]',
    "object.keys": '[object.keys({"a": 1, "姓": 2}), object.keys({})]',
    "sprintf": 'sprintf("%s of %s", ["姓名", "x"])',
    "startswith": '[startswith("姓名", "姓"), startswith("", "a")]',
    "sum": "[sum([1, 2]), sum({1, 9007199254740990}), sum([])]",
    "trim_prefix": '[trim_prefix("abc", "a"), trim_prefix("abc", "c")]',
    "trim_suffix": '[trim_suffix("abc", "c"), trim_suffix("abc", "a")]',
}


def test_the_engines_agree_on_the_list(opa: str, tmp_path: Path):
    assert EXAMPLES.keys() == BUILTINS
    lines = [f'told["{name}"] := {example}' for name, example in EXAMPLES.items()]
    text = "package a\n\n" + "\n\n".join(lines) + "\n\nall := {name: told[name] | some name, _ in told}\n"
    (tmp_path / "a.rego").write_text(text, encoding="utf-8")
    result = subprocess.run([opa, "eval", "-f", "raw", "-d", tmp_path, "data.a.all"], capture_output=True, check=True)
    interpreter = regorus.Engine()
    interpreter.add_policy("a.rego", text)
    answer = json.loads(interpreter.eval_rule_as_json("data.a.all"))
    assert answer == json.loads(result.stdout)
    assert answer.keys() == BUILTINS
