# What a person runs. Everything these need, they install into .venv and build/; programs of the system that tests run are
# installed as root on Debian, and elsewhere named.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
GO := $(shell command -v go)
NPM := $(shell command -v npm)
# Python keeps what it has compiled, whatever the environment says otherwise: commands and tests start many processes.
unexport PYTHONDONTWRITEBYTECODE
OPA := build/tools/opa
PEER := build/tools/peer
LITEWITNESS := build/tools/litewitness
FSCK := build/tools/fsck
SUMDB := build/tools/sumdb
IDENTITY_PROVIDER := build/tools/oidc/node_modules
# Built where Go is; the tests that use them then fail without them, and elsewhere are skipped and named as such.
SD_JWT := build/tools/sdjwt/node_modules
CREDENTIALS := build/tools/credentials/node_modules
TOOLS := $(if $(GO),$(OPA) $(LITEWITNESS) $(FSCK) $(SUMDB)) $(if $(NPM),$(IDENTITY_PROVIDER) $(SD_JWT) $(CREDENTIALS))
export TOOLS_REQUIRED := $(if $(GO),1)

# Programs of the system that tests run (openssl: a timestamping authority; softhsm2: keys in a token; poppler: pages as
# pictures), and Debian's packages of them, with a font of Chinese. Where one is missing its tests are skipped by name; PROGRAMS_REQUIRED=1 makes them fail.
PROGRAMS := git ps openssl softhsm2-util pdftoppm
PROGRAM_PACKAGES := git procps openssl softhsm2 poppler-utils fonts-wqy-microhei
INSTALL := apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends

.PHONY: demo test endurance check bench docs format lock clean

# The main job on the embedded default. KEEP=1 leaves a server at http://localhost:8000.
demo: $(VENV)/.server
	$(BIN)/exchange demo $(if $(KEEP),--keep) $(DEMO)

# One file or test (PYTEST=path::name) runs in this process, which starts sooner than workers do.
test: $(VENV)/.dev $(TOOLS) build/.system
	$(BIN)/pytest -n $(or $(WORKERS),$(if $(findstring .py,$(PYTEST)),0,4)) --dist worksteal -m "not endurance" $(PYTEST)
ifeq ($(GO),)
	@echo "make test: no Go here to build other people's verifiers with; the ledger was not checked by them"
endif

# What takes long by its nature: faults of disk and database, kills, many processes, millions of rows, many examples of each
# property.
endurance: $(VENV)/.dev $(TOOLS) build/.system build/tools/nginx
	$(BIN)/pytest -n $(or $(WORKERS),3) --dist worksteal -m "endurance or property" --hypothesis-profile many $(PYTEST)

# Where Go is, OPA itself looks at the policy too, and other people's verifiers at the ledger's formats.
check: $(VENV)/.dev $(TOOLS) build/.system
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/exchange database check
	$(BIN)/pytest -q tests/policies/rego/test_rego.py tests/policies/engines/test_portable.py tests/third_party/test_exports.py
ifneq ($(GO),)
	$(OPA) check --strict policies
	$(OPA) test --coverage --threshold 95 policies > /dev/null
else
	@echo "make check: no Go here to build OPA with; the policy was checked on the embedded engine only"
endif

bench: $(VENV)/.dev $(if $(GO),$(PEER))
	$(BIN)/python -m benchmarks

# The parts of docs/ that follow from the code, and the lines of all pages; tests hold the pages to both.
docs: $(VENV)/.dev
	$(BIN)/python -m tests.support.pages
	$(BIN)/python -m tests.support.walks > /dev/null
	$(BIN)/python -m tests.support.prose *.md docs/*.md docs/operations/*.md

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The stamp is made once nothing is missing.
build/.system:
	@mkdir -p build
	@missing() { for program in $(PROGRAMS); do command -v $$program >/dev/null || printf ' %s' $$program; done; }; \
	if [ "$$(missing)" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		$(INSTALL) $(PROGRAM_PACKAGES); \
	fi; \
	if [ "$$(missing)" ]; then echo "make: not installed, so their tests are skipped:$$(missing)"; else touch $@; fi

$(OPA):
	GOBIN=$(CURDIR)/build/tools CGO_ENABLED=0 GOFLAGS=-trimpath $(GO) install github.com/open-policy-agent/opa@v1.20.2

# Another log to measure ours against.
$(PEER): $(wildcard benchmarks/peer/*)
	cd benchmarks/peer && CGO_ENABLED=0 GOFLAGS=-trimpath $(GO) build -o $(CURDIR)/$@ .

$(LITEWITNESS):
	GOBIN=$(CURDIR)/build/tools CGO_ENABLED=0 GOFLAGS=-trimpath $(GO) install filippo.io/torchwood/cmd/litewitness@v0.9.0
# Tessera's checker of static logs, and a few lines around golang.org/x/mod/sumdb: neither shares code with the ledger.
$(FSCK):
	GOBIN=$(CURDIR)/build/tools CGO_ENABLED=0 GOFLAGS=-trimpath $(GO) install github.com/transparency-dev/tessera/cmd/fsck@v1.0.4

$(SUMDB): $(wildcard tests/third_party/sumdb/*)
	cd tests/third_party/sumdb && $(GO) vet . && CGO_ENABLED=0 $(GO) build -trimpath -o $(CURDIR)/$@ .

# An identity provider that people sign in at: npm's oidc-provider, by its lock.
$(IDENTITY_PROVIDER): $(wildcard tests/third_party/oidc/*) tests/third_party/oidc/.npmrc
	@mkdir -p build/tools/oidc
	cp tests/third_party/oidc/* tests/third_party/oidc/.npmrc build/tools/oidc/
	cd build/tools/oidc && $(NPM) ci --silent --ignore-scripts --no-audit --no-fund
	touch $@

# A verifier of tokens that disclose some of their claims: npm's @sd-jwt/core, by its lock.
$(SD_JWT): $(wildcard tests/third_party/sdjwt/*) tests/third_party/sdjwt/.npmrc
	@mkdir -p build/tools/sdjwt
	cp tests/third_party/sdjwt/* tests/third_party/sdjwt/.npmrc build/tools/sdjwt/
	cd build/tools/sdjwt && $(NPM) ci --silent --ignore-scripts --no-audit --no-fund
	touch $@

# A verifier of credentials and of their revocation: npm's jose and @digitalbazaar/vc-bitstring-status-list, by its lock.
$(CREDENTIALS): $(wildcard tests/third_party/credentials/*) tests/third_party/credentials/.npmrc
	@mkdir -p build/tools/credentials
	cp tests/third_party/credentials/* tests/third_party/credentials/.npmrc build/tools/credentials/
	cd build/tools/credentials && $(NPM) ci --silent --ignore-scripts --no-audit --no-fund
	touch $@

# The proxy whose configuration deploy/ has: Debian's binary, not installed. Elsewhere nginx is used where it is there.
build/tools/nginx:
	@mkdir -p build/tools
	@cd build/tools && if command -v apt-get >/dev/null && apt-get download -qq nginx 2>/dev/null; then \
		dpkg-deb --fsys-tarfile nginx_*.deb | tar -xO ./usr/sbin/nginx > nginx.part && chmod +x nginx.part && mv nginx.part nginx && rm nginx_*.deb; \
	else echo "make: no nginx, so its configuration was not tried"; fi

# A pip of its own: the one that came with Python may be too old to hold `name[extra]` to the version locked for `name`.
# Debian's Python makes no environments without its package python3-venv.
$(VENV)/.pip: requirements/pip.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@if ! $(PYTHON) -c 'import ensurepip' 2>/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		$(INSTALL) python3-venv; \
	fi
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -q --require-hashes -r requirements/pip.txt
	$(PIP) uninstall -q -y setuptools 2>/dev/null  # comes with Python 3.11, is in no lock, and nothing needs it
	touch $@

# Hash-locked; --no-build-isolation builds with the locked hatchling.
$(VENV)/.server: requirements/server.txt pyproject.toml $(VENV)/.pip
	$(PIP) install -q --require-hashes -r requirements/server.txt
	$(PIP) install -q --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml $(VENV)/.pip
	$(PIP) install -q --require-hashes -r requirements/dev.txt
	$(PIP) install -q --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/.server

# Renews the locks. The files name no registry: any mirror serves them.
lock:
	echo 'pip>=26' | uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 - -o requirements/pip.txt
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml --extra server --group build -o requirements/server.txt
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml --all-extras --group dev -c requirements/server.txt -o requirements/dev.txt

clean:
	rm -rf build .venv
