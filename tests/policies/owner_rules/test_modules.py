"""A module has to be portable and pure: each bad module is refused with the place, by OPA too where it is installed."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from policies.engines.builtins import BUILTINS
from policies.owner_rules.checker import Checker, make_checker
from policies.owner_rules.form import MAX_BYTES, MAX_DIAGNOSTICS
from policies.owner_rules.inspection import inspect
from policies.owner_rules.modules import Diagnostic, OwnerModule
from policies.owner_rules.opa import OpaFailed, open_opa
from policies.owner_rules.sandboxes import Sandboxes, open_sandboxes
from tests.support.owner_modules import OFFICE, TESTS, TEXT, module_with, module_with_cap

CAP = "row_cap := 3"
PASSING = "test_cap if data.exchange.owner.row_cap == 3"
NUMBERS = f"numbers := {list(range(1, 41))}\n\n"


def more(body: str) -> OwnerModule:
    """A module that would be accepted but for a line."""
    return module_with(f"{CAP}\n\n{body}", PASSING)


def bringing(tests: str) -> OwnerModule:
    return module_with(CAP, tests)


def silence(module: OwnerModule) -> OwnerModule:
    files = {path: content.decode() for path, content in module.bundle.files.items()}
    return module.without_exports(inspect(files)["exports"])


BAD = {
    "calls out": (
        more('x := http.send({"method": "get", "url": "http://127.0.0.1"})'),
        "owner.rego:5",
        "http.send may",
    ),
    "looks at the process": (more("x := opa.runtime()"), "owner.rego:5", "opa.runtime may not be called"),
    "looks at the clock": (more("x := time.now_ns()"), "owner.rego:5", "time.now_ns may not be called"),
    "throws dice": (more('x := rand.intn("a", 2)'), "owner.rego:5", "rand.intn may not be called"),
    "calls a function whose name is a keyword": (
        more('x if contains("abc", input.a)'),
        "owner.rego:5",
        "contains may not",
    ),
    "calls over a line": (more("x := opa.runtime # (\n()"), "owner.rego:5", "opa.runtime may not be called"),
    "calls by its name in brackets": (more('x := http["send"]({})'), "owner.rego:5", "may not be called"),
    "calls inside a text": (more('x := $"{opa.runtime()}"'), "owner.rego:5", "invalid character"),
    "calls what its tests define": (
        OwnerModule(more("x := g(1)").text, more("g(x) := x").tests + "\ng(x) := x\n"),
        "owner.rego:5",
        "g may not be called",
    ),
    "defines a built-in function": (more("lower(x) := x\n\ny := lower(input.a)"), "owner.rego:7", "lower may not"),
    "imports": (module_with(f"import data.exchange.delivery\n\n{CAP}", PASSING), "owner.rego:3", "only tests import"),
    "imports after a rule": (more("import data.exchange.delivery"), "owner.rego:5", "unexpected keyword `import`"),
    "imports the question": (
        module_with(f"import input.subject as x\n\n{CAP}", PASSING),
        "owner.rego:3",
        "only tests import",
    ),
    "imports on the first line": (
        OwnerModule(f"package exchange.owner; import input.x\n{CAP}\n", PASSING),
        "owner.rego:1",
        "expecting identifier",
    ),
    "looks at other data": (
        more("x := data.bundle.revision"),
        "owner.rego:5",
        "only `data.exchange.owner` may be read",
    ),
    "looks at all data": (more('x := data["bundle"]'), "owner.rego:5", "only `data.exchange.owner` may be read"),
    "looks at its tests": (
        more("x := data.exchange.owner_test.y"),
        "owner.rego:5",
        "only `data.exchange.owner` may be read",
    ),
    "asks another question": (more("x if row_cap == 3 with input as {}"), "owner.rego:5", "use `with` in tests only"),
    "is of another package": (
        OwnerModule("package exchange.delivery\n\nallow := true\n", bringing(PASSING).tests),
        "owner.rego:1",
        "begin with `package exchange.owner`",
    ),
    "is of two packages": (more("package exchange.delivery"), "owner.rego:5", "unexpected keyword `package`"),
    "has no package": (OwnerModule(CAP, PASSING), "owner.rego:1", "Missing package declaration"),
    "allows": (more("allow := true"), "owner.rego:5", "a module only narrows"),
    "allows by default": (more("default allow := true"), "owner.rego:5", "a module only narrows"),
    "decides": (more('decision := {"allow": true}'), "owner.rego:5", "a module only narrows"),
    "defines a function of Rego": (more("count(x) := 1"), "owner.rego:5", "another name than `count`"),
    "defines a value with a function's name": (more("sum := 3"), "owner.rego:5", "another name than `sum`"),
    "defines a set with a function's name": (more("lower contains 1"), "owner.rego:5", "another name than `lower`"),
    "defines its own input": (more("input := 1"), "owner.rego:5", "input"),
    "tests with a function of its own": (
        bringing(f"{PASSING}\n\nupper(x) := 1"),
        "owner_test.rego:5",
        "another name than `upper`",
    ),
    "says nothing": (
        module_with('cap := 3\n\nnote := "deny"', PASSING),
        "owner.rego",
        "none of its rules has an effect",
    ),
    "does not parse": (more("deny contains"), "owner.rego:6", "expecting expression"),
    "does not compile": (more("deny contains x if y > 1"), "owner.rego:5", "`y` is unsafe"),
    "refers to itself": (more("x := y\n\ny := x"), "owner.rego:5", "recursion detected"),
    "calls itself": (more("f(x) := f(x)\n\ny := f(1)"), "owner.rego", "called itself without end"),
    "never ends": (
        more(NUMBERS + "x := [1 | some a in numbers; some b in numbers; some c in numbers; some d in numbers]"),
        "owner.rego",
        "took more time or memory",
    ),
    "cannot be parsed in time": (more(f"x := {'[' * 200}{']' * 200}"), "owner.rego", "took more time"),
    "is large": (more(f"x := `{'.' * MAX_BYTES}`"), "owner.rego", f"at most {MAX_BYTES} bytes"),
    "is a megabyte": (more(f"x := `{'.' * (1 << 20)}`"), "owner.rego", f"at most {MAX_BYTES} bytes"),
    "has a text without an end": (more('x := "a\n\ny := 1'), "owner.rego:5", "invalid character in string"),
    "goes on with a text": (more('x := "a\\\nb"; y := opa.runtime()'), "owner.rego:5", "invalid escape sequence"),
    "has a long line": (more(f"x := `{'.' * 1100}`"), "owner.rego:5", "at most 1024 characters"),
    "has no tests": (bringing(""), "owner_test.rego", "there is no test"),
    "has tests of another name": (bringing("todo_test_x if true"), "owner_test.rego", "there is no test"),
    "fails a test": (bringing(f"{PASSING}\n\ntest_no if false"), "owner_test.rego:5", "test_no does not pass"),
    "passes without testing its rules": (
        bringing("test_true if true"),
        "owner_test.rego",
        "all tests pass although no rule has an effect",
    ),
    "uses names that have no effect": (
        module_with("caps := 3\n\ndrop contains input.x", "test_cap if data.exchange.owner.caps == 3"),
        "owner_test.rego",
        "all tests pass although no rule has an effect",
    ),
    "denies never, and tests that it does not": (
        module_with(
            "deny contains 1 if {\n\tinput.x == 1\n\tinput.x == 2\n}",
            "test_open if count(data.exchange.owner.deny) == 0 with input as {}",
        ),
        "owner_test.rego",
        "all tests pass although no rule has an effect",
    ),
    "masks nothing, and tests that it does not": (
        module_with('masks["a"] := {"kind": "null"} if false', "test_open if data.exchange.owner.masks == {}"),
        "owner_test.rego",
        "all tests pass although no rule has an effect",
    ),
    "allows after a blank": (more(" allow := true"), "owner.rego:5", "a module only narrows"),
    "fails a test after a blank": (bringing(f"{PASSING}\n\n test_no if false"), "owner_test.rego:5", "test_no does"),
    "uses what it says": (more("x if row_cap > 2"), "owner.rego", "may not be used by another rule"),
    "has a slow test": (
        bringing(
            f"{PASSING}\n\n{NUMBERS}"
            "test_slow if count([1 | some a in numbers; some b in numbers; some c in numbers; some d in numbers]) > 0"
        ),
        "owner_test.rego:7",
        "took more time or memory",
    ),
    "tests with the clock": (
        bringing(f"{PASSING}\n\ntest_now if time.now_ns() > 0"),
        "owner_test.rego:5",
        "time.now_ns",
    ),
    "tests under another name": (
        bringing(f"import data.exchange.owner as own\n\n{PASSING}"),
        "owner_test.rego:3",
        "only tests import",
    ),
    "looks at other data through a variable": (more("x := data[input.name]"), "owner.rego:5", "may be read"),
    "hides a call in a comprehension": (
        more("x := {y: z | some y, _ in input.a; z := [v | some v in sort(y)]}"),
        "owner.rego:5",
        "sort may not be called",
    ),
    "asks another question on the next line": (
        more("x if {\n\trow_cap == 3\n\t\twith input as {}\n}"),
        "owner.rego:7",
        "use `with`",
    ),
    "tests with the policy": (
        bringing(f"import data.exchange.delivery\n\n{PASSING}"),
        "owner_test.rego:3",
        "only tests import",
    ),
}
"""What a module does; the place and a part of the error that the check gives."""


@pytest.fixture(scope="module")
async def sandboxes() -> AsyncIterator[Sandboxes]:
    async with open_sandboxes() as running:
        yield running


@pytest.mark.parametrize(("module", "at", "error"), BAD.values(), ids=BAD)
async def test_a_bad_module_is_refused_with_the_place(sandboxes: Sandboxes, module: OwnerModule, at: str, error: str):
    diagnostics = (await sandboxes.check(module)).diagnostics
    assert any(diagnostic.at == at and error in diagnostic.error for diagnostic in diagnostics), diagnostics


@pytest.mark.parametrize("module", [OFFICE, module_with_cap(1), module_with_cap(0)], ids=["office", "one", "none"])
async def test_a_good_module_is_accepted(sandboxes: Sandboxes, module: OwnerModule):
    assert (await sandboxes.check(module)).diagnostics == ()


async def test_words_in_literals_and_comments_are_no_calls(sandboxes: Sandboxes):
    text = f"{TEXT}\n# http.send() with data.x\nnote := `package x\nimport y\ndeny $` # allow := true\n"
    assert (await sandboxes.check(OwnerModule(text, TESTS))).diagnostics == ()


LENGTHY = {
    "a word": "a" * 65_000,
    "many words": "a " * 32_000,
    "a text without an end": '\\"' * 32_000,
    "texts without an end": '"\\"\\\n' * 10_000,
    "calls": "f(\n" * 16_000,
    "rules and texts": 'deny "a"\n' * 7_000,
    "blanks": "import" + " " * 65_000,
    "breaks": "a\n" * 10_000 + "\n" * 40_000,
}


@pytest.mark.parametrize("text", LENGTHY.values(), ids=LENGTHY)
async def test_a_text_of_any_form_is_checked_within_bounds(sandboxes: Sandboxes, text: str):
    module = OwnerModule(f"package exchange.owner\n{text}", f"package exchange.owner_test\n{text}")
    assert 1 <= len((await sandboxes.check(module)).diagnostics) <= MAX_DIAGNOSTICS
    assert not {"deny", "row_cap"} & module.literals


def test_a_module_is_named_by_both_its_files():
    assert OFFICE.digest == OwnerModule(TEXT, TESTS).digest
    assert len({OFFICE.digest, OwnerModule(TEXT + "\n", TESTS).digest, OwnerModule(TEXT, TESTS + "\n").digest}) == 3


def test_its_literals_are_what_stands_in_it():
    module = module_with('x := "a\\u0062\\"" # "no"\n\ny := `c\nd`\n\nz := concat_of("e", input.f)')
    assert module.literals == {'ab"', "c\nd", "e"}


def test_exported_rules_are_renamed_where_they_are_defined_only():
    module = module_with("deny contains x if input.x\n\nnote := `\ndeny contains 规则`\n\ndefault row_cap := 3")
    assert silence(module).text == (
        "package exchange.owner\n\ndisabled_deny contains x if input.x\n\nnote := `\ndeny contains 规则`\n\n"
        "default disabled_row_cap := 3\n\ndeny contains 1 if false\n"
    )


async def test_a_rule_after_a_blank_is_a_rule(sandboxes: Sandboxes):
    module = module_with(
        " deny contains {`code`: `x`} if input.x",
        "  test_x if count(data.exchange.owner.deny) == 1 with input as {`x`: 1}",
    )
    assert (await sandboxes.check(module)).tests == {"test_x": 3}
    assert (await sandboxes.check(module)).diagnostics == ()
    named = module_with("f(x) := 1 if {\n\tdrop := x\n\tdrop > 1\n}\n\nrow_cap := 3", PASSING)
    assert "\tdrop := x" in silence(named).text


PAGE = Path(__file__).parents[3] / "docs" / "policies.md"


async def test_the_example_of_the_page_is_a_module_that_is_accepted(sandboxes: Sandboxes, opa: str):
    text, tests = re.findall(r"^```rego\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    checker = await make_checker(sandboxes, opa=Path(opa))
    result = await checker.check(OwnerModule(text, tests))
    assert (result.diagnostics, len(result.tests)) == ((), 4)


def test_the_page_names_every_function_that_may_be_called():
    page = PAGE.read_text(encoding="utf-8")
    assert not [name for name in BUILTINS if f"`{name}`" not in page]


# OPA's word ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def gated(sandboxes: Sandboxes, opa: str) -> Checker:
    return await make_checker(sandboxes, opa=Path(opa))


async def test_opa_accepts_what_is_good(gated: Checker):
    assert (await gated.check(OFFICE)).diagnostics == ()
    assert "opa/1." in gated.name


@pytest.mark.parametrize(
    ("module", "at", "error"),
    [
        (more("x if {\n\ty := input.y\n}"), "owner.rego:6", "y unused"),
        (bringing(f"import data.exchange.owner\n\n{PASSING}"), "owner_test.rego:3", "unused"),
        (more("f(input) := 1"), "owner.rego:5", "input"),
    ],
    ids=["a variable for nothing", "an import for nothing", "a name that is taken"],
)
async def test_opa_refuses_what_the_embedded_engine_takes(
    sandboxes: Sandboxes, gated: Checker, module: OwnerModule, at: str, error: str
):
    assert (await sandboxes.check(module)).diagnostics == ()
    diagnostics = (await gated.check(module)).diagnostics
    assert any(diagnostic.at == at and error in diagnostic.error for diagnostic in diagnostics), diagnostics


async def test_opa_has_no_functions_but_those_that_all_engines_have(opa: str):
    binary = await open_opa(Path(opa))
    [diagnostic] = await binary.check(more('x := http.send({"url": input.url})'), {})
    assert "undefined function http.send" in diagnostic.error


HANGING = """#!/bin/sh
case "$1" in
  capabilities) echo '{"builtins": [], "features": []}' ;;
  version) echo 'Version: 1.0.0' ;;
  *) exec sleep 600 ;;
esac
"""


async def test_a_check_that_opa_does_not_finish_is_a_diagnostic(tmp_path: Path):
    hanging = tmp_path / "opa"
    hanging.write_text(HANGING, encoding="utf-8")
    hanging.chmod(0o755)
    binary = await open_opa(hanging, seconds=0.05)
    assert await binary.check(OFFICE, {}) == (Diagnostic("owner.rego", "OPA: opa check took longer than 0.05 seconds"),)


async def test_a_binary_that_is_not_opa_is_no_gate(sandboxes: Sandboxes):
    with pytest.raises(OpaFailed):
        await make_checker(sandboxes, opa=Path("/bin/false"))
    with pytest.raises(OSError, match="no-such"):
        await make_checker(sandboxes, opa=Path("/no-such"))


LARGE_MODULES = {
    "a list": module_with(
        "codes := [\n" + ",\n".join(f'"{n:06}"' for n in range(5_500)) + "\n]\n\nrow_cap := count(codes)"
    ),
    "rules": module_with("\n\n".join(f'deny contains {{"code": "c{n}"}} if input.n == {n}' for n in range(1_000))),
}


@pytest.mark.parametrize("module", LARGE_MODULES.values(), ids=LARGE_MODULES)
async def test_a_module_of_nearly_the_largest_size_is_inspected(sandboxes: Sandboxes, module: OwnerModule):
    assert 45_000 < len(module.text) < MAX_BYTES
    [diagnostic] = (await sandboxes.check(module)).diagnostics
    assert diagnostic.error.startswith("there is no test")
