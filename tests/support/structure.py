"""The parts of docs/architecture.md that follow from the tree: folders, files, diagrams of imports, counted figures."""

import ast
import functools
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PACKAGES: Mapping[str, str] = {
    "exchange": "exchange",
    "policies": "policies",
    "ledger": "ledger",
    "adapters": "adapters",
    "signatures": "signatures",
    "groundwork": "groundwork",
    "data_exchange_client": "client/data_exchange_client",
    "admin": "admin",
}
"""Each package and its folder, in the order in which the page shows them."""

COUNTED = ("exchange", "policies", "ledger", "adapters", "admin")
"""The packages with folders, between whose direct children arrows are counted."""

Arrow = tuple[str, str]
"""A module or package that imports, and the one it imports."""


# Folders and files ----------------------------------------------------------------------------------------------------


def first_sentence(path: Path) -> str:
    """The first sentence of a module's docstring, without its full stop. Raises ValueError where there is none."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not docstring:
        raise ValueError(f"{path.name} has no docstring")
    paragraph = " ".join(docstring.split("\n\n")[0].split())
    sentence, _, _ = paragraph.partition(". ")
    return sentence.removesuffix(".").removesuffix(":").replace("|", "\\|")


def folders(package: str) -> list[Path]:
    """The folder of a package and those below it that hold modules, each before what it contains."""
    top = ROOT / PACKAGES[package]
    return [top, *(path.parent for path in sorted(top.rglob("__init__.py")) if path.parent != top)]


def modules(folder: Path) -> list[Path]:
    """The modules of a folder; a package's own docstring stands for its folder, not for a file."""
    return [path for path in sorted(folder.glob("*.py")) if path.name != "__init__.py"]


def folder_tables() -> str:
    """A table for each package: a row for each folder."""
    lines: list[str] = []
    for package, name in PACKAGES.items():
        lines += [f"### {name}/", "", f"{first_sentence(ROOT / name / '__init__.py')}.", ""]
        inside = folders(package)[1:]
        if not inside:
            lines += [f"[{len(modules(ROOT / name))} files](files.md#{_anchor(name)}).", ""]
            continue
        lines += ["| Folder | What is in it | Files |", "|---|---|---|"]
        for folder in folders(package):
            path = folder.relative_to(ROOT).as_posix()
            sentence = "(the package itself)" if folder == ROOT / name else first_sentence(folder / "__init__.py")
            label = "./" if folder == ROOT / name else f"{folder.relative_to(ROOT / name).as_posix()}/"
            if modules(folder):
                lines.append(f"| [`{label}`](files.md#{_anchor(path)}) | {sentence} | {len(modules(folder))} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def file_tables() -> str:
    """A table for each folder: a row for each file."""
    lines: list[str] = []
    for package in PACKAGES:
        for folder in folders(package):
            if not modules(folder):
                continue
            path = folder.relative_to(ROOT).as_posix()
            lines += [f"## {path}/", "", f"{first_sentence(folder / '__init__.py')}.", ""]
            lines += ["| File | What is in it |", "|---|---|"]
            lines += [
                f"| [`{file.name}`](../{path}/{file.name}) | {first_sentence(file)} |" for file in modules(folder)
            ]
            lines.append("")
    return "\n".join(lines).rstrip()


def _anchor(path: str) -> str:
    """The anchor of a heading that is a path, as GitHub makes it."""
    return path.replace("/", "").lower()


# Imports --------------------------------------------------------------------------------------------------------------


@functools.cache
def imports() -> grimp.ImportGraph:
    """Every import of the packages."""
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def arrows(names: Iterable[str]) -> set[Arrow]:
    """The imports between packages or modules, those of their content included."""
    known = sorted(names)
    return {
        (importer, imported)
        for importer in known
        for imported in known
        if importer != imported
        and imports().direct_import_exists(importer=importer, imported=imported, as_packages=True)
    }


def children(package: str) -> set[str]:
    """The direct children of a package: its modules and subpackages."""
    return set(imports().find_children(package))


def reduce_arrows(edges: set[Arrow]) -> set[Arrow]:
    """The arrows that do not follow from others: a → c is left out where a → b and b → c are there."""
    return {edge for edge in edges if not _is_reachable(*edge, edges - {edge})}


def _is_reachable(start: str, end: str, edges: set[Arrow]) -> bool:
    pending, reached = [start], {start}
    while pending:
        module = pending.pop()
        for importer, imported in edges:
            if importer == module and imported not in reached:
                if imported == end:
                    return True
                reached.add(imported)
                pending.append(imported)
    return False


# Diagrams -------------------------------------------------------------------------------------------------------------


def package_diagram() -> str:
    """The packages in the layers of the import contracts, and the imports between them."""
    layers = _contract("Packages")["layers"]
    return _flowchart(_split(layers), {name: f"{PACKAGES[name]}/" for name in PACKAGES}, arrows(PACKAGES))


def room_diagram() -> str:
    """The rooms of the exchange that exist, in the layers of the import contracts, and the imports between them."""
    layers = _split(_contract("Rooms")["layers"])
    rooms = {name.rpartition(".")[2] for name in children("exchange")}
    built = [[room for room in layer if room in rooms] for layer in layers]
    edges = {(_short(a), _short(b)) for a, b in arrows(children("exchange"))}
    return _flowchart([layer for layer in built if layer], {room: room for room in rooms}, edges)


def _contract(name: str) -> dict[str, list[str]]:
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    [contract] = [
        table for table in tables if table["name"].startswith(f"{name} ") or table["name"].startswith(f"{name}:")
    ]
    return dict(contract)


def _split(layers: list[str]) -> list[list[str]]:
    return [[name.strip().strip("()") for name in layer.split("|")] for layer in layers]


def _short(module: str) -> str:
    return module.rpartition(".")[2]


def _flowchart(layers: list[list[str]], labels: Mapping[str, str], edges: set[Arrow]) -> str:
    order = [name for layer in layers for name in layer]
    lines = ["```mermaid", "flowchart TD"]
    lines += [f'  {name}["{labels[name]}"]' for name in order]
    drawn = sorted(reduce_arrows(edges), key=lambda edge: (order.index(edge[0]), order.index(edge[1])))
    lines += [f"  {importer} --> {imported}" for importer, imported in drawn]
    return "\n".join([*lines, "```"])


# Figures --------------------------------------------------------------------------------------------------------------


def arrow_counts() -> str:
    """A row for each package with folders: its direct children, and the arrows between them."""
    lines = ["| Package | Direct children | Arrows between them |", "|---|---|---|"]
    for package in COUNTED:
        inside = children(package)
        lines.append(f"| `{package}/` | {len(inside)} | {len(arrows(inside))} |")
    return "\n".join(lines)


def main() -> None:
    """Print the arrows that are counted."""
    for package in COUNTED:
        lines = [f"{importer} -> {imported}" for importer, imported in sorted(arrows(children(package)))]
        print(package, *lines, sep="\n  ")  # noqa: T201


if __name__ == "__main__":
    main()
