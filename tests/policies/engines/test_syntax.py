"""The syntax tree of regorus has the form that the checks rely on; a tree of another form is refused."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import regorus

from policies.engines import syntax
from policies.engines.syntax import Import, NotRego, Reference, Rule, TooDeep, UnknownSyntaxTree, read
from policies.rego.bundle import Bundle

TEXT = """package a.b

import data.c as d
import data.e

# upper("comment(") with input as {}
default allow := false

default f(_) := 1

f(x) := upper(x) if {
	every k, v in x { v == `min(` }
} else := lower(x)

z contains "a\\u0062" if not input.b with input as {"k": data.x["y"][input.z].w}
	with data.q as max([1])

masks["name"] := {k: [v | some v in f(input); startswith(v, `规则`)] | some k, _ in {1 | true}} if {
	some y
	1 + 2 == 3
	-input.n < abs(y)
	http["send"]({}).body
	x := [1][0]
}

q.r[input.s] := data[input.t].u if "k", 1 in [null, 1.5]
"""


@pytest.fixture(scope="module")
def parsed() -> syntax.Syntax:
    return read([("a.rego", TEXT)])["a.rego"]


def test_packages_imports_and_heads(parsed: syntax.Syntax):
    assert parsed.package == "a.b"
    assert parsed.imports == [Import("data.c", 3, is_renamed=True), Import("data.e", 4, is_renamed=False)]
    names = [(rule.name, rule.line, rule.is_function) for rule in parsed.rules]
    assert names == [
        ("allow", 7, False),
        ("f", 9, True),
        ("f", 11, True),
        ("z", 15, False),
        ("masks", 18, False),
        ("q", 26, False),
    ]
    assert parsed.functions() == {"f"}
    content = TEXT.encode()
    for rule in parsed.rules:
        assert content[rule.start :].startswith(rule.name.encode())


def test_calls_are_found_wherever_they_stand(parsed: syntax.Syntax):
    assert parsed.calls == [
        Reference("upper", 11),
        Reference("lower", 13),
        Reference("max", 16),
        Reference("f", 18),
        Reference("startswith", 18),
        Reference("abs", 21),
        Reference("http.send", 22),
    ]


def test_references_to_data_with_and_literals(parsed: syntax.Syntax):
    assert parsed.data == [Reference("data.x.y.[…].w", 15), Reference("data.q", 16), Reference("data.[…].u", 26)]
    assert parsed.overrides == [15, 16]
    assert sorted(parsed.texts) == sorted(["min(", "ab", "k", "y", "name", "规则", "send", "k"])


def test_a_rule_of_several_names_defines_no_function():
    parsed = read([("a.rego", "package a\n\nb.c(x) := x\n")])["a.rego"]
    assert parsed.rules == [Rule("b", 3, 11, is_function=False)]


@pytest.mark.parametrize(
    "body",
    [
        'x := "min(1) # data.x" # max(2)',
        "x := `import data.y\nmin(1) with input as {}`",
        'x := "\\"" if input.data.import_.with_',
        "x := {`data`: 1}.data",
    ],
)
def test_words_in_literals_comments_and_fields_are_nothing(body: str):
    parsed = read([("a.rego", f"package a\n\n{body}\n")])["a.rego"]
    assert (parsed.calls, parsed.data, parsed.overrides, parsed.imports) == ([], [], [], [])


def test_the_message_of_the_parser_has_the_place():
    with pytest.raises(NotRego, match=r"^--> a\.rego:3:15\n(?s:.)*error: expecting expression$"):
        read([("a.rego", "package a\n\ndeny contains ")])


def test_an_expression_that_nests_too_deeply_is_refused():
    with pytest.raises(TooDeep):
        read([("a.rego", "package a\n\nx := " + "\n+".join(["1"] * 1000))])


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
    for part in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from nodes(part)


def plain_tree(text: str) -> Any:
    engine = regorus.Engine()
    engine.add_policy("a.rego", text)
    return json.loads(engine.get_ast_as_json())


def test_a_member_that_is_new_or_renamed_anywhere_in_a_tree_is_refused(own_bundle: Bundle):
    """Every object of a tree is looked at: one with another member is refused, wherever it stands."""
    tree = plain_tree(TEXT)[0]["ast"]
    count = sum(1 for _ in nodes(tree))
    refused = 0
    for index in range(count):
        changed = copy.deepcopy(tree)
        node = next(node for number, node in enumerate(nodes(changed)) if number == index)
        is_span = node.keys() == {"line", "col", "start", "end"}
        node["new"] = {}
        try:
            syntax._read_tree({"version": 1, "ast": changed})
        except (UnknownSyntaxTree, KeyError, TypeError, ValueError):
            refused += 1
        else:
            assert is_span, node
    assert refused > 150
    assert read(own_bundle.modules())


def test_a_tree_of_another_version_is_refused():
    tree = plain_tree("package a\n")[0]
    assert syntax._read_tree(tree).package == "a"
    with pytest.raises(UnknownSyntaxTree, match="version 2"):
        syntax._read_tree({**tree, "version": 2})
