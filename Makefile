# Powertill: `make run` to try it, `make test` to trust it. Needs make and Python 3.11 or newer, nothing else.
PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PIP    := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes
.DEFAULT_GOAL := help
.SUFFIXES:

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

.PHONY: run
run: $(VENV)/run.stamp ## run everything with a simulated town (ONCE=1: play one sale, print it, end)
	@exec $(PY) -m powertill up --demo $(if $(filter-out 0,$(ONCE)),--once)

# Every check runs whatever the others say; a failed one is named again in pytest's summary.
.PHONY: test
test: $(VENV)/test.stamp chromium ## run all checks and tests, ending with pytest's summary (TESTS=tests/core: only these)
	@failed=; for check in lint types; do $(MAKE) --no-print-directory $$check || failed="$$failed $$check"; done; \
	  HOUSE_CHECKS_FAILED="$$failed" $(PY) -m pytest -n 2 -q $(TESTS) && test -z "$$failed"

.PHONY: lint
lint: $(VENV)/test.stamp ## style and import rules
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check . | grep -v 'already formatted' || true; $(PY) -m ruff format --quiet --check .
	@out=$$($(PY) -c 'from importlinter.cli import lint_imports_command as run; run()') || { echo "$$out"; exit 1; }

.PHONY: types
types: $(VENV)/test.stamp ## type check
	@$(PY) -m mypy --no-error-summary

.PHONY: docs
docs: $(VENV)/test.stamp ## write the tables in docs/ that come from the code
	@$(PY) docs/tables.py

.PHONY: bench
bench: $(VENV)/test.stamp ## measure side by side (NAME=reading: only bench/bench_reading.py)
	@for file in bench/bench_$(or $(NAME),*).py; do $(PY) "$$file" || exit 1; done

.PHONY: lock
lock: $(VENV)/test.stamp ## look for newer versions of what we depend on
	@cd requirements && for set in run test; do ../$(VENV)/bin/uv pip compile --quiet --upgrade --generate-hashes \
	  --no-emit-index-url --python-version 3.11 $$set.in -o $$set.txt || exit 1; done

.PHONY: clean
clean: ## remove the venv and caches; var/, where the data lie, stays
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing chromium for the browser tests..."; \
	    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } \
	      >chromium.log 2>&1 && rm chromium.log \
	      || echo "chromium could not be installed (see chromium.log): the browser tests will be skipped."; \
	  else \
	    echo "The browser tests will be skipped: chromium is missing and only root can install it."; \
	  fi; }

$(VENV)/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Powertill needs Python 3.11 or newer; try: make PYTHON=/path/to/python3.11 run"; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$(PYTHON) cannot make a virtual environment: it has no venv or ensurepip." \
	       "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run.stamp: requirements/run.txt $(VENV)/made.stamp
	@echo "Installing what Powertill needs into $(VENV)..."
	@$(PIP) -r requirements/run.txt
	@touch $@

$(VENV)/test.stamp: requirements/test.txt $(VENV)/run.stamp
	@echo "Installing what the tests need into $(VENV)..."
	@$(PIP) -r requirements/test.txt
	@touch $@
