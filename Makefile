# One environment for everything, .venv, made when first needed and renewed when its settings change.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt

.PHONY: help demo test lint types env clean

help:  ## Say what there is to make
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

demo: .venv/installed  ## Render an activity, learn it, line it up: demo/aligned/page.html
	$(BIN)/inphase demo demo --force

test: .venv/installed-dev  ## Run the tests
	$(BIN)/python -m pytest

lint: .venv/installed-dev  ## Check format and style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/installed-dev  ## Check types
	$(BIN)/pyright

env: .venv/installed-dev  ## Make the environment with all extras

clean:  ## Remove the environment, the demo and caches
	rm -rf .venv demo build dist .pytest_cache .ruff_cache .hypothesis
	find src tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +

# torch comes first and pinned: left to a range, pip may pick a build for other hardware.
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "inphase needs Python 3.10 or newer, and $(PYTHON) is %d.%d: name another, as in make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv .venv
	$(INSTALL) $$(grep '^torch==' constraints.txt)
	$(INSTALL) -e '.[fast]'
	touch $@

.venv/installed-dev: .venv/installed
	$(INSTALL) -e '.[dev]'
	touch $@
