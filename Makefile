# What a person runs. Everything these need, they install into .venv and build/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test check bench docs format lock clean

# The main job on the embedded default. KEEP=1 leaves a server at http://localhost:8000.
demo: $(VENV)/.server
	$(BIN)/exchange demo $(if $(KEEP),--keep) $(DEMO)

test: $(VENV)/.dev
	$(BIN)/pytest -n $(or $(WORKERS),2) --dist worksteal $(PYTEST)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/exchange database check
	$(BIN)/pytest -q tests/policies

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

# The parts of docs/ that follow from the code; a test holds the pages to them.
docs: $(VENV)/.dev
	$(BIN)/python -m tests.support.pages

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# Hash-locked; --no-build-isolation builds with the locked hatchling.
$(VENV)/.server: requirements/server.txt pyproject.toml | $(BIN)/python
	$(PIP) install -q --require-hashes -r requirements/server.txt
	$(PIP) install -q --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(PIP) install -q --require-hashes -r requirements/dev.txt
	$(PIP) install -q --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/.server

# Renews the locks. The files name no registry: any mirror serves them.
lock:
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml --extra server --group build -o requirements/server.txt
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml --all-extras --group dev -c requirements/server.txt -o requirements/dev.txt

clean:
	rm -rf build .venv
