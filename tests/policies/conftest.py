"""Fixtures for the policies: the embedded engine, and the real OPA where there is one."""

import os
from pathlib import Path

import pytest

from policies.bundle import Bundle, bundle
from policies.engine import EmbeddedEngine

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def own_bundle() -> Bundle:
    return bundle()


@pytest.fixture
def engine(own_bundle: Bundle) -> EmbeddedEngine:
    return EmbeddedEngine(own_bundle)


@pytest.fixture(scope="session")
def opa() -> str:
    """The OPA binary: the one named by the variable OPA, or build/tools/opa."""
    path = Path(os.environ.get("OPA", ROOT / "build" / "tools" / "opa"))
    if not path.exists():
        pytest.skip("no OPA binary: neither OPA nor build/tools/opa")
    return str(path)
