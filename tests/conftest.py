"""The collection of tests. The parts they run on are in tests/support/exchanges/fixtures.py."""

import atexit
import gc
import os

import hypothesis
import pytest

# Properties are tried on a few examples with each run, and on many in `make endurance`.
hypothesis.settings.register_profile("few", max_examples=25, deadline=None)
hypothesis.settings.register_profile("many", max_examples=100, deadline=None)
hypothesis.settings.load_profile("few")

# Imported modules and collected tests stay for the whole run. Freezing them spares every collection a scan of them.
gc.disable()
atexit.register(gc.unfreeze)


# Commands read the profiles of the user's configuration; tests have none but their own.
os.environ["XDG_CONFIG_HOME"] = os.devnull


def pytest_configure(config: pytest.Config) -> None:
    """Load the parts, except in the process that only hands the tests out to others."""
    if config.getoption("dist", "no") == "no" or hasattr(config, "workerinput"):
        config.pluginmanager.import_plugin("tests.support.exchanges.fixtures")
        config.pluginmanager.import_plugin("tests.support.adapter_rows")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what hypothesis gives examples to; first come, for one worker, the tests that share a demonstration."""
    items.sort(key=lambda item: "demo" not in getattr(item, "fixturenames", ()))
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.property)


def pytest_collection_finish() -> None:
    """Collect garbage seldom: tests make many objects, and little of them is garbage in cycles."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)
