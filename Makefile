# `make` alone explains every target. What a target needs, it sets up by itself; nothing outside this folder is
# changed but the user's caches. PYTHON=python3.12 chooses another interpreter for a new environment.

PYTHON ?= python3
DEMO_SECONDS ?= 60
PYTEST_ARGS ?=
# Each worker has a Kafka and a PostgreSQL of its own; most tests wait more than they compute.
TEST_WORKERS ?= 4

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo up test test-containers test-faults check bench schemas lock clean

help: ## Explain the targets
	@echo "make demo first, then make test. All targets:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv from requirements.lock (Python 3.11 or later); leaves .venv/bin/custodian

# Again only when the lock or the project's own declaration changed.
$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no $(PYTHON) on the PATH. Install Python 3.11 or later, or name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu that takes: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing the locked dependencies into $(VENV) (about a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## From nothing to a live view of accepting and settling, then a summary (DEMO_SECONDS=0 runs on, DEMO_MODE=shadow)
	@DEMO_SECONDS=$(DEMO_SECONDS) $(BIN)/python -m infra.demo

up: setup ## Kafka, PostgreSQL, topics, tables and the venue simulator (ctrl-C ends only the simulator)
	@if test -e custodian.toml; then $(BIN)/custodian dev up; else $(BIN)/custodian dev up --write-config; fi
	@$(BIN)/custodian init
	@$(BIN)/custodian simulate musubi --secret-file secrets/tokyo

test: setup ## Unit and integration tests on embedded services (PYTEST_ARGS="-k name" narrows)
	@$(BIN)/python -m pytest -m "not faults_long" -n $(TEST_WORKERS) --dist worksteal $(PYTEST_ARGS)

test-containers: setup ## The integration tests on containers (needs Docker)
	@$(BIN)/python -m pytest -m "integration and not faults_long" --services containers -n $(TEST_WORKERS) --dist worksteal $(PYTEST_ARGS)

test-faults: setup ## Kills, cuts and restarts, the long half included
	@$(BIN)/python -m pytest -m "faults or faults_long" --timeout 1800 $(PYTEST_ARGS)

check: setup ## Format, lint, types, import contract, house rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/unit/test_house_rules.py

bench: setup ## Ratios and rates of this machine, as a table and as JSON
	@$(BIN)/python -m tests.bench

schemas: setup ## Write schemas/ anew from the event classes; read the diff
	@$(BIN)/python -m schemas.generate

lock: setup ## Resolve requirements.lock anew from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-header \
	  --no-emit-index-url pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --extra build --constraint requirements.lock pyproject.toml -o infra/deploy/runtime.lock

clean: ## Stop the embedded services, remove .venv and caches; data in .custodian stays
	@if test -x $(BIN)/python; then $(BIN)/python -m pipeline.cli.dev down; fi
	@rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
