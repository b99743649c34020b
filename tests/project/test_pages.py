"""The pages: generated parts are current, links and names exist, examples are valid, lines follow the rule."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from ledger import entries
from tests.support import pages, prose

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
NOT_WRAPPED = ("docs/decisions/",)
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def page(name: str) -> str:
    return (pages.DOCS / name).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", pages.PARTS)
def test_what_follows_from_the_code_is_up_to_date(name: str) -> None:
    text = page(pages.PARTS[name][0])
    assert text == pages.render(name, text), "run make docs"


def test_every_problem_has_a_heading_and_every_heading_a_problem() -> None:
    headings = re.findall(r"^## (\S+)$", page("problems.md"), re.MULTILINE)
    assert headings == list(pages.problems_by_slug())


def test_every_entry_type_has_a_heading() -> None:
    headings = " ".join(re.findall(r"^### (.+)$", page("ledger-format.md"), re.MULTILINE))
    named = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", headings))
    assert named == {name for model in entries.all_bodies() for name in entries.types_of(model)}


@pytest.mark.parametrize("model", entries.all_bodies(), ids=lambda model: str(model.__name__))
def test_the_examples_are_entries_the_exchange_could_write(model: type[entries.Body]) -> None:
    for name in entries.types_of(model):
        body = model.model_validate_json(json.dumps({**pages.shared(), **pages.example(model, name)}))
        assert json.loads(body.canonical())["type"] == name


@pytest.mark.parametrize("name", NAMES)
def test_relative_links_lead_somewhere(name: str) -> None:
    path = ROOT / name
    text = path.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(NOT_WRAPPED)])
def test_a_sentence_begins_on_a_line_of_its_own(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == prose.wrap(text), f"run python -m tests.support.prose {name}"


@pytest.mark.parametrize(
    ("page", "lines"),
    [
        ("A first one. A second\none.", ["A first one.", "A second one."]),
        ("Of e.g. RFC 9421, Art. 5: see `a. B`. `Then` on.", ["Of e.g. RFC 9421, Art. 5: see `a. B`.", "`Then` on."]),
        ("- An item. It goes\n  on.\n- Another.", ["- An item.", "  It goes on.", "- Another."]),
        ("```\nCode. As it\nis.\n```", ["```", "Code. As it", "is.", "```"]),
        ("| A cell. | B |", ["| A cell. | B |"]),
        ("一句。另一\n句，`x`\n完。", ["一句。", "另一句，`x` 完。"]),
        (f"{'word ' * 23}word - not an item", [f"{'word ' * 23}".strip(), "word - not an item"]),
        (f"{'word ' * 22}`one span of code`", [f"{'word ' * 22}".strip(), "`one span of code`"]),
    ],
)
def test_the_rule_for_lines(page: str, lines: list[str]) -> None:
    assert prose.wrap(page).splitlines() == lines
    assert prose.wrap(prose.wrap(page)) == prose.wrap(page)


def test_every_decision_is_in_the_index() -> None:
    listed = re.findall(r"^\| \[(.+)\]\((\S+)\) \| .+ \| (.+) \|$", page("decisions/README.md"), re.MULTILINE)
    titles = []
    for path in (pages.DOCS / "decisions").glob("*.md"):
        title, date, _ = path.read_text(encoding="utf-8").split("\n\n", 2)
        if path.name != "README.md":
            titles.append((title.removeprefix("# "), path.name, date))
    assert sorted(listed) == sorted(titles)


@pytest.mark.parametrize("name", NAMES)
def test_diagrams_have_no_semicolon_and_no_unknown_kind(name: str) -> None:
    """A semicolon ends a statement in Mermaid, even inside a label."""
    for kind, code in _FENCE.findall((ROOT / name).read_text(encoding="utf-8")):
        if kind == "mermaid":
            assert code.split()[0] in {"flowchart", "sequenceDiagram", "stateDiagram-v2"}
            assert ";" not in code


@pytest.mark.parametrize("name", NAMES)
def test_files_that_pages_name_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(
        r"`((?:exchange|policies|ledger|signatures|groundwork|adapters|admin|client|tests|docs|requirements)/[\w./-]+)`",
        text,
    )
    missing = [path for path in named if not (ROOT / path).exists()]
    assert not missing


@pytest.mark.parametrize("name", NAMES)
def test_functions_that_pages_name_exist(name: str) -> None:
    """A page names functions and classes after their file: `exchange/delivery/planning.py`: `plan`."""
    text = (ROOT / name).read_text(encoding="utf-8")
    packages = "exchange|policies|ledger|signatures|groundwork|adapters|admin|client|tests"
    place = rf"(?:`|\]\((?:\.\./)*)((?:{packages})/[\w/]+\.py)[`)]"
    for file, names in re.findall(rf"{place}: ((?:`\w+`(?:, )?)+)", text):
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        defined = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        assert set(re.findall(r"\w+", names)) <= defined, file


def examples(language: str) -> list[Any]:
    """The examples in a language, by the page they are on."""
    return [
        pytest.param(code, id=f"{name}-{number}")
        for name in NAMES
        for number, (kind, code) in enumerate(_FENCE.findall((ROOT / name).read_text(encoding="utf-8")))
        if kind.startswith(language)
    ]


@pytest.mark.parametrize("code", examples("python"))
def test_python_examples_can_be_read(code: str) -> None:
    assert ast.parse(code).body


@pytest.mark.parametrize("code", examples("json"))
def test_json_examples_can_be_read(code: str) -> None:
    assert json.loads(code)


def test_both_readmes_show_the_same_commands() -> None:
    def commands(name: str) -> list[str]:
        return [
            re.sub(r"\s+#.*", "", line)
            for kind, code in _FENCE.findall((ROOT / name).read_text(encoding="utf-8"))
            if kind == "sh"
            for line in code.splitlines()
        ]

    assert commands("README.md") == commands("README.zh-CN.md")
