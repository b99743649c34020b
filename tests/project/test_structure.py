"""The figures of docs/architecture.md: what requests pass and what imports what, counted anew and kept low."""

import pytest

from exchange.settings import Settings
from tests.support import structure, walks

CEILINGS = {
    "A delivery, the first": 50,
    "A delivery, the next": 18,
    "An application": 23,
    "Its approval, which makes the agreement": 27,
}
"""The most files of its own that a request passes, beyond the way in and out that every request shares."""


@pytest.mark.parametrize("package", ["adapters", "ledger"])
def test_folders_of_a_package_have_few_arrows_between_them(package: str) -> None:
    assert len(structure.arrows(structure.children(package))) <= 20


async def test_a_request_passes_few_files_and_seldom_climbs(settings: Settings) -> None:
    recorded = await walks.record(settings.model_copy(update={"checkpoint_interval": 600.0}))
    page = walks.PAGE.read_text(encoding="utf-8")
    assert page == walks.render(page, recorded), "run make docs"
    graph, shared = structure.imports(), walks.shared_files(recorded)
    assert len(shared) <= 23
    for name, walk in recorded.items():
        assert len(set(walk.files) - shared) <= CEILINGS[name], name
        assert len(walk.climbs(graph)) <= 3, name


def test_a_walk_counts_calls_between_files_only() -> None:
    with walks.follow() as walk:
        structure.folders("ledger")
    assert walk.calls == []  # nothing in it begins at a request
