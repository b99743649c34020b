"""What may be an owner's module: what is refused, with its place, and that OPA has a word where there is an OPA."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from policies.owner_rules import compiler
from policies.owner_rules.checking import Checker, checker
from policies.owner_rules.compiler import OpaFailed
from policies.owner_rules.modules import MOST_BYTES, MOST_FAULTS, OwnerModule, faults
from policies.owner_rules.workers import Sandbox, sandbox
from policies.rego.portable import BUILTINS, unportable
from tests.support.owner_modules import OFFICE, TESTS, TEXT, capping, saying

CAP = "row_cap := 3"
PASSING = "test_cap if data.exchange.owner.row_cap == 3"
NUMBERS = f"numbers := {list(range(1, 41))}\n\n"


def more(body: str) -> OwnerModule:
    """A module that would be accepted but for a line."""
    return saying(f"{CAP}\n\n{body}", PASSING)


def bringing(tests: str) -> OwnerModule:
    return saying(CAP, tests)


BAD = {
    "calls out": (
        more('x := http.send({"method": "get", "url": "http://127.0.0.1"})'),
        "owner.rego:5",
        "http.send may",
    ),
    "looks at the process": (more("x := opa.runtime()"), "owner.rego:5", "opa.runtime may not be called"),
    "looks at the clock": (more("x := time.now_ns()"), "owner.rego:5", "time.now_ns may not be called"),
    "throws dice": (more('x := rand.intn("a", 2)'), "owner.rego:5", "rand.intn may not be called"),
    "calls over a line": (more("x := opa.runtime # (\n()"), "owner.rego:5", "opa.runtime may not be called"),
    "calls by its name in brackets": (more('x := http["send"]({})'), "owner.rego:5", "may not be called"),
    "calls inside a text": (more('x := $"{opa.runtime()}"'), "owner.rego:5", "are not put together"),
    "calls what its tests define": (
        OwnerModule(more("x := g(1)").text, more("g(x) := x").tests + "\ng(x) := x\n"),
        "owner.rego:5",
        "g may not be called",
    ),
    "defines a built-in function": (more("lower(x) := x\n\ny := lower(input.a)"), "owner.rego:7", "lower may not"),
    "imports": (more("import data.exchange.delivery"), "owner.rego:5", "only tests import"),
    "imports on the first line": (
        OwnerModule(f"package exchange.owner; import input.x\n{CAP}\n", PASSING),
        "owner.rego:1",
        "begin with `package exchange.owner`",
    ),
    "looks at other data": (more("x := data.bundle.revision"), "owner.rego:5", "there is no data but"),
    "looks at all data": (more('x := data["bundle"]'), "owner.rego:5", "there is no data but"),
    "looks at its tests": (more("x := data.exchange.owner_test.y"), "owner.rego:5", "there is no data but"),
    "asks another question": (more("x if row_cap == 3 with input as {}"), "owner.rego:5", "`with` is for tests"),
    "is of another package": (
        OwnerModule("package exchange.delivery\n\nallow := true\n", PASSING),
        "owner.rego:1",
        "begin with `package exchange.owner`",
    ),
    "is of two packages": (more("package exchange.delivery"), "owner.rego:5", "a file is of one package"),
    "has no package": (OwnerModule(CAP, PASSING), "owner.rego:1", "begin with"),
    "allows": (more("allow := true"), "owner.rego:5", "a module only narrows"),
    "allows by default": (more("default allow := true"), "owner.rego:5", "a module only narrows"),
    "decides": (more('decision := {"allow": true}'), "owner.rego:5", "a module only narrows"),
    "says nothing": (saying('cap := 3\n\nnote := "deny"', PASSING), "owner.rego", "nothing in it is listened to"),
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
    "is large": (more(f"x := `{'.' * MOST_BYTES}`"), "owner.rego", f"at most {MOST_BYTES} bytes"),
    "is a megabyte": (more(f"x := `{'.' * (1 << 20)}`"), "owner.rego", f"at most {MOST_BYTES} bytes"),
    "has a text without an end": (more('x := "a\n\ny := 1'), "owner.rego:5", "does not end on its line"),
    "goes on with a text": (more('x := "a\\\nb"; y := opa.runtime()'), "owner.rego:5", "does not end on its line"),
    "has a long line": (more(f"x := `{'.' * 1100}`"), "owner.rego:5", "at most 1024 characters"),
    "has no tests": (bringing(""), "owner_test.rego", "there is no test"),
    "has tests of another name": (bringing("todo_test_x if true"), "owner_test.rego", "there is no test"),
    "fails a test": (bringing(f"{PASSING}\n\ntest_no if false"), "owner_test.rego:5", "test_no does not pass"),
    "passes without saying anything": (
        bringing("test_true if true"),
        "owner_test.rego",
        "no test fails when the module says nothing",
    ),
    "says it under a name that nobody listens to": (
        saying("caps := 3\n\ndrop contains input.x", "test_cap if data.exchange.owner.caps == 3"),
        "owner_test.rego",
        "no test fails when the module says nothing",
    ),
    "denies never, and tests that it does not": (
        saying(
            "deny contains 1 if {\n\tinput.x == 1\n\tinput.x == 2\n}",
            "test_open if count(data.exchange.owner.deny) == 0 with input as {}",
        ),
        "owner_test.rego",
        "no test fails when the module says nothing",
    ),
    "masks nothing, and tests that it does not": (
        saying('masks["a"] := {"kind": "null"} if false', "test_open if data.exchange.owner.masks == {}"),
        "owner_test.rego",
        "no test fails when the module says nothing",
    ),
    "allows after a blank": (more(" allow := true"), "owner.rego:5", "a module only narrows"),
    "fails a test after a blank": (bringing(f"{PASSING}\n\n test_no if false"), "owner_test.rego:5", "test_no does"),
    "uses what it says": (more("x if row_cap > 2"), "owner.rego", "may not be used by another"),
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
    "tests with the policy": (
        bringing(f"import data.exchange.delivery\n\n{PASSING}"),
        "owner_test.rego:3",
        "only tests import",
    ),
}
"""What a module does, where that is said to be, and a part of what is said."""


@pytest.fixture(scope="module")
async def boxes() -> AsyncIterator[Sandbox]:
    async with sandbox() as made:
        yield made


@pytest.mark.parametrize(("module", "at", "error"), BAD.values(), ids=BAD)
async def test_a_bad_module_is_refused_and_told_where(boxes: Sandbox, module: OwnerModule, at: str, error: str):
    found = await boxes.check(module)
    assert any(fault.at == at and error in fault.error for fault in found), found


@pytest.mark.parametrize("module", [OFFICE, capping(1), capping(0)], ids=["office", "one", "none"])
async def test_a_good_module_is_accepted(boxes: Sandbox, module: OwnerModule):
    assert await boxes.check(module) == ()


async def test_words_in_texts_and_comments_are_no_calls(boxes: Sandbox):
    text = f"{TEXT}\n# http.send() with data.x\nnote := `package x\nimport y\ndeny $` # allow := true\n"
    assert await boxes.check(OwnerModule(text, TESTS)) == ()


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
def test_a_text_of_any_form_is_looked_at_without_delay(text: str):
    module = OwnerModule(f"package exchange.owner\n{text}", f"package exchange.owner_test\n{text}")
    began = time.process_time()
    assert len(faults(module)) <= MOST_FAULTS
    tuple(unportable(module.bundle))
    assert not {"deny", "row_cap"} & module.literals
    module.unheard()
    module.test_lines()
    assert time.process_time() - began < 1


def test_a_module_is_named_by_both_its_files():
    assert OFFICE.digest == OwnerModule(TEXT, TESTS).digest
    assert len({OFFICE.digest, OwnerModule(TEXT + "\n", TESTS).digest, OwnerModule(TEXT, TESTS + "\n").digest}) == 3


def test_its_literals_are_what_stands_in_it():
    module = saying('x := "a\\u0062\\"" # "no"\n\ny := `c\nd`\n\nz := concat_of("e", input.f)')
    assert module.literals == {'ab"', "c\nd", "e"}


def test_what_is_listened_to_is_taken_away_outside_of_texts_only():
    module = saying("deny contains x if input.x\n\nnote := `\ndeny contains`\n\ndefault row_cap := 3")
    assert module.unheard().text == (
        "package exchange.owner\n\nunheard_deny contains x if input.x\n\nnote := `\ndeny contains`\n\n"
        "default unheard_row_cap := 3\n\ndeny contains 1 if false\n"
    )


async def test_a_rule_after_a_blank_is_a_rule(boxes: Sandbox):
    module = saying(
        " deny contains {`code`: `x`} if input.x",
        "  test_x if count(data.exchange.owner.deny) == 1 with input as {`x`: 1}",
    )
    assert module.test_lines() == {"test_x": 3}
    assert await boxes.check(module) == ()
    named = saying("f(x) := {\n\tdrop := x\n\tdrop > 1\n}\n\nrow_cap := 3", PASSING)
    assert "\tdrop := x" in named.unheard().text


PAGE = Path(__file__).parents[3] / "docs" / "policies.md"


async def test_the_example_of_the_page_is_a_module_that_is_accepted(boxes: Sandbox, opa: str):
    text, tests = re.findall(r"^```rego\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert await (await checker(boxes, opa=Path(opa))).check(OwnerModule(text, tests)) == ()


def test_the_page_names_every_function_that_may_be_called():
    page = PAGE.read_text(encoding="utf-8")
    assert not [name for name in BUILTINS if f"`{name}`" not in page]


# OPA's word ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def gated(boxes: Sandbox, opa: str) -> Checker:
    return await checker(boxes, opa=Path(opa))


async def test_opa_accepts_what_is_good(gated: Checker):
    assert await gated.check(OFFICE) == ()
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
    boxes: Sandbox, gated: Checker, module: OwnerModule, at: str, error: str
):
    assert await boxes.check(module) == ()
    found = await gated.check(module)
    assert any(fault.at == at and error in fault.error for fault in found), found


async def test_opa_has_no_functions_but_those_that_all_engines_have(gated: Checker):
    assert gated._opa is not None
    [fault] = await gated._opa.faults(more('x := http.send({"url": input.url})'))
    assert "undefined function http.send" in fault.error


async def test_what_opa_takes_too_long_for_is_a_fault_of_the_module(gated: Checker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compiler, "_WITHIN", 0.001)
    [fault] = await gated.check(OFFICE)
    assert (fault.at, fault.error.split(" took longer than ")[0]) == ("owner.rego", "OPA: opa check")


async def test_a_binary_that_is_not_opa_is_no_gate(boxes: Sandbox):
    with pytest.raises(OpaFailed):
        await checker(boxes, opa=Path("/bin/false"))
    with pytest.raises(OSError, match="no-such"):
        await checker(boxes, opa=Path("/no-such"))
