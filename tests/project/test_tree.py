"""The tree itself: short files, imports at the top, SQL in its place, nothing of one machine in it."""

import ast
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("exchange", "policies", "ledger", "signatures", "groundwork", "adapters", "admin", "client")
LINES, LINES_OF_TESTS = 400, 600
MODULES = 16
"""How many modules a folder holds at most, not counting its `__init__`. With more, an idea inside wants a name."""
# The parts of the exchange whose business the database is.
_SQL = re.compile(r"exchange/(\w+/(\w+/)?(models|queries)\.py|kernel/(database|embedded/handle)\.py|migrations/.*)")
_STATEMENT = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|DROP|TRUNCATE|GRANT|WITH) [a-z\"(*]")
MIGRATIONS_TARGET = ROOT / "exchange/migrations/target.py"
_QUERYING = frozenset({"execute", "scalar", "scalars", "get_one", "stream_scalars", "fetch", "fetchrow", "fetchval"})


def files(*patterns: str) -> list[Path]:
    """The files that are tracked, or new and not ignored."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sorted(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def python() -> list[Path]:
    return files("*.py")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(node: ast.AST, *, inside: bool = False) -> Iterator[ast.stmt]:
    """The imports inside of functions. They are statements, so nothing is looked for in expressions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            if inside:
                yield child
        elif not isinstance(child, ast.expr):
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from imports(child, inside=inside or is_function)


def test_files_are_short() -> None:
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python()}
    long = {
        name: length
        for name, length in lengths.items()
        if length > (LINES_OF_TESTS if name.startswith("tests/") else LINES)
    }
    assert not long, "split by verb, not by layer"


def test_folders_hold_one_idea() -> None:
    modules = Counter(
        relative(path.parent)
        for path in files(*(f"{package}/*.py" for package in (*PACKAGES, "tests", "benchmarks")))
        if path.name != "__init__.py" and path.parent.name != "versions"
    )
    assert {folder: count for folder, count in modules.items() if count > MODULES} == {}


def test_the_packages_are_those_of_the_wheel() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {name.partition("/")[0] for name in wheel["packages"]} == {*PACKAGES}


def test_modules_say_why_they_exist() -> None:
    silent = [relative(path) for path in python() if path.stat().st_size and not ast.get_docstring(tree_of(path))]
    assert not silent


def test_nothing_is_imported_inside_a_function() -> None:
    assert not [f"{relative(path)}:{node.lineno}" for path in python() for node in imports(tree_of(path))]


def test_modules_are_imported_by_name_in_three_places_only() -> None:
    """`importlib.import_module` is an import inside a function by another name.

    The client needs it for pandas, the command `exchange` for starting in a fraction of a second, and the face of the ledger
    for loading only the part that is used.
    """
    calling = {
        relative(path) for path in files(*PACKAGES) if path.suffix == ".py" and "import_module(" in path.read_text()
    }
    assert calling == {"client/data_exchange_client/frames.py", "admin/commands/main.py", "ledger/__init__.py"}


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """The names that a module imports, each with the module it comes from."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, name.name) for name in node.names)
        elif isinstance(node, ast.Import):
            yield from ((name.name, "") for name in node.names)


def test_tests_share_code_through_support_only() -> None:
    """A test module that another imports is support under a wrong name."""
    importing = [
        f"{relative(path)}: {module} {name}"
        for path in files("tests/*.py", "benchmarks/*.py")
        for module, name in imported(path)
        if module.partition(".")[0] == "tests"
        and any(part == "conftest" or part.startswith("test_") for part in (*module.split("."), name))
    ]
    assert not importing


def models_by_module() -> dict[str, set[str]]:
    """The models that each module of the exchange defines or imports, by its dotted name."""
    paths = {relative(path).removesuffix(".py").replace("/", "."): path for path in files("exchange/*.py")}
    models = {
        module: {node.name for node in tree_of(path).body if isinstance(node, ast.ClassDef)}
        if path.name == "models.py"
        else set()
        for module, path in paths.items()
    }
    sources = {module: list(imported(path)) for module, path in paths.items()}
    is_complete = False
    while not is_complete:
        is_complete = True
        for module, names in sources.items():
            through = {name for source, name in names if name in models.get(source, ())} - models[module]
            models[module] |= through
            is_complete = is_complete and not through
    return models


def test_the_migrations_know_the_models_of_every_room() -> None:
    imported_modules = (node for node in tree_of(MIGRATIONS_TARGET).body if isinstance(node, ast.Import))
    known = {alias.name for node in imported_modules for alias in node.names}
    assert known == {
        relative(path).removesuffix(".py").replace("/", ".")
        for path in files("exchange/*.py")
        if path.name == "models.py"
    }


def models_used(path: Path, models: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """The models that a module uses of others, as names it imports or as attributes of modules it imports."""
    modules = {}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom):
            for name in node.names:
                if name.name in models.get(node.module or "", ()):
                    yield str(node.module), name.name
                modules[name.asname or name.name] = f"{node.module}.{name.name}"
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id, "")
            if node.attr in models.get(module, ()):
                yield module, node.attr


def test_a_rooms_rows_stay_in_it() -> None:
    """No module uses a model of another room, through any of that room's modules.

    A contract in pyproject.toml forbids the models modules themselves; this finds what they reach through.
    """
    models = models_by_module()
    reaching = {
        f"{relative(path)}: {module}.{name}"
        for path in files("exchange/*.py", "admin/*.py")
        for module, name in models_used(path, models)
        if relative(path).split("/")[:2] != module.split(".")[:2]
    }
    assert not reaching


def test_rooms_ask_the_database_in_their_queries_only() -> None:
    statements = []
    for path in files("exchange/*.py"):
        if _SQL.fullmatch(relative(path)):
            continue
        for node in ast.walk(tree_of(path)):
            is_statement = (
                isinstance(node, ast.Constant) and isinstance(node.value, str) and _STATEMENT.match(node.value)
            )
            is_query = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in _QUERYING
                and not (
                    isinstance(node.func.value, ast.Name) and node.func.value.id in {"pa", "pc"}
                )  # Arrow's scalars
            )
            if is_statement or is_query:
                statements.append(f"{relative(path)}:{getattr(node, 'lineno', 0)}")
    assert not statements


def test_locks_name_no_host_and_every_package_has_its_hashes() -> None:
    for path in files("requirements/*.txt"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"https?:|--(extra-)?index-url|--find-links|--trusted-host|@ file:", text), path.name
        pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert all("==" in line and line.endswith("\\") for line in pinned), path.name
        assert text.count("--hash=sha256:") >= len(pinned), path.name


def test_locks_hold_what_the_project_asks_for() -> None:
    """The server's lock is part of the developer's, so that what is tested is what runs."""
    server, dev = (
        dict(re.findall(r"^([a-z0-9_.\[\]-]+)==(\S+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))
        for name in ("server.txt", "dev.txt")
    )
    assert server.items() <= dev.items()


@pytest.mark.parametrize("suffix", ["py", "md", "toml", "yml", "sh", "txt", "csv", "rego"])
def test_nothing_names_one_machine(suffix: str) -> None:
    machine = re.compile(r"(?<![\w./])(/home/|/Users/|/root/|/workspace|/work/|[A-Z]:\\\\Users)")
    places = [
        f"{relative(path)}:{number}"
        for path in files(f"*.{suffix}", *(["Makefile", ".ci/*", "Dockerfile"] if suffix == "sh" else []))
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if machine.search(line)
    ]
    assert not places


def test_names_say_what_things_are() -> None:
    vague = re.compile(r"(^|_)(manager|helpers?|utils?|misc|common|base)(_|$)")
    assert not [relative(path) for path in files(*PACKAGES) if vague.search(path.stem)]
