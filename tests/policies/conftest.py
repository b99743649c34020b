"""Fixtures for the policies: the embedded engine, and the real OPA where there is one."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from policies.engines.embedded import EmbeddedEngine
from policies.rego.bundle import Bundle, load_bundle

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def own_bundle() -> Bundle:
    return load_bundle()


@pytest.fixture
def engine(own_bundle: Bundle) -> Iterator[EmbeddedEngine]:
    with closing(EmbeddedEngine(own_bundle)) as engine:
        yield engine
