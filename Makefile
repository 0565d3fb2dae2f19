# make demo   the product with a demonstration company, on this machine, without docker or apt
# make test   the whole test suite, on servers of its own
# make check  everything that is checked without running the product
# make bench  the product beside the bare pipeline; make trials  what its engine survives
#
# Needs Python >= 3.11 and access to a Python and an npm package index. Everything is installed in .venv/ and node_modules/.

SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
PORT ?= 8000
# Tests at a time; more than the processor has gains nothing, each has a database of its own.
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
TESTS ?=
ARGS ?=

# A user's installation of Python packages or a user's settings must not reach in here.
export PYTHONNOUSERSITE := 1
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help demo test bench load trials check lint types contracts migrations catalogues deployment \
        environment environment-dev frontend messages requirements fmt clean

help:
	@sed -n '1,4s/^# //p' Makefile
	@echo "make fmt | messages | requirements | clean"

# The product ------------------------------------------------------------------------------------------------------

demo: environment frontend
	@exec $(PY) -m config.serve --port $(PORT) $(ARGS)

# Tests ------------------------------------------------------------------------------------------------------------

# The browser's tests come after the others and one at a time: they measure what a person waits for.
test: environment-dev frontend
	@code=0; \
	$(PY) -m pytest -n $(JOBS) --dist worksteal -m "not browser" $(ARGS) $(TESTS) || code=$$?; \
	[ $$code = 5 ] && code=0; \
	browser=0; $(PY) -m pytest -m browser $(ARGS) $(TESTS) || browser=$$?; \
	[ $$browser = 5 ] && browser=0; \
	[ $$code = 0 ] || exit $$code; exit $$browser

# Measurements and trials --------------------------------------------------------------------------------------------

# SIZES=1000,10000,100000 chooses numbers of employees; 100,000 need about 10 GB of disk and ten minutes.
SIZES ?= 1000,10000

bench: environment
	@exec $(PY) -m bench --sizes $(SIZES) $(ARGS)

# 200 signed-in managers, each saving a cell every 5 s for a minute, against the real server.
load: environment
	@exec $(PY) -m bench.load $(ARGS)

# Real servers and workers, killed and stopped at named points, and `make demo` in a browser; about an hour (docs/trials.md).
trials: environment-dev
	@exec $(PY) -m tests.trials $(ARGS)

# Checks -----------------------------------------------------------------------------------------------------------

check: lint types contracts migrations catalogues deployment

lint: environment-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: environment-dev
	$(PY) -m mypy

contracts: environment-dev
	$(VENV)/bin/lint-imports

migrations: environment-dev
	DJANGO_SETTINGS_MODULE=config.settings.test \
	$(PY) -m config.embedded run --ephemeral -- $(PY) manage.py makemigrations --check --dry-run

catalogues: environment-dev
	$(PY) -m config.messages check

# Production's settings with values that nobody uses: none of them may be forgotten, none may be weak.
deployment: environment-dev
	DJANGO_SETTINGS_MODULE=config.settings.production \
	SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))') \
	ALLOWED_HOSTS=laurel.example DATABASE_URL=postgres://app@127.0.0.1:1/laurel REDIS_URL=redis://127.0.0.1:1/0 \
	$(PY) manage.py check --deploy --fail-level WARNING

# Set-up -----------------------------------------------------------------------------------------------------------

# What is installed is remembered as a copy of the file it came from: only another content installs again.
environment: $(PY)
	@cmp -s requirements.txt $(VENV)/installed-requirements.txt || { \
	echo "Installing Python packages …" && \
	$(PY) -m pip install --disable-pip-version-check --no-input --quiet --require-hashes -r requirements.txt && \
	cp requirements.txt $(VENV)/installed-requirements.txt; }

environment-dev: $(PY)
	@cmp -s requirements-dev.txt $(VENV)/installed-requirements-dev.txt || { \
	echo "Installing Python packages for development …" && \
	$(PY) -m pip install --disable-pip-version-check --no-input --quiet --require-hashes -r requirements-dev.txt && \
	cp requirements-dev.txt $(VENV)/installed-requirements-dev.txt && \
	cp requirements.txt $(VENV)/installed-requirements.txt; }

# PYTHON=/path/to/python3.12 chooses one; otherwise the first that is new enough.
$(PY):
	@for candidate in $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11); do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Laurel needs Python 3.11 or later, and $(or $(PYTHON),python3) is $$("$(or $(PYTHON),python3)" --version 2>&1 || echo not there)." >&2; \
	  echo "Install one, or say which to take: make PYTHON=/path/to/python3.12 demo" >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "$$python has no module venv or ensurepip. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	fi; \
	echo "Making .venv with $$("$$python" --version) …"; \
	rm -rf $(VENV) && "$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# Node comes with the Python packages. `npm ci` runs for another lock file, the build for newer sources.
FRONTEND := $(shell find frontend templates -type f 2>/dev/null) $(wildcard package.json package-lock.json)

frontend:
	@[ -f package-lock.json ] || exit 0; \
	cmp -s package-lock.json node_modules/installed-package-lock.json || { \
	  echo "Installing front-end packages …" && \
	  npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/installed-package-lock.json && \
	  rm -f node_modules/built; } || exit 1; \
	if [ ! -d static/dist ] || [ ! -f node_modules/built ] || [ -n "$$(find $(FRONTEND) -newer node_modules/built)" ]; then \
	  echo "Building the front end …" && npm run --silent build && touch node_modules/built; \
	fi

# Upkeep -----------------------------------------------------------------------------------------------------------

messages: environment-dev
	$(PY) -m config.messages extract
	$(PY) -m config.messages compile

# Pins every package with its hashes from pyproject.toml. The lock file of the tool names the index it asked, so only
# what it exports is kept in the repository.
requirements: environment
	@[ -x $(VENV)/bin/uv ] || $(PY) -m pip install --disable-pip-version-check --no-input --quiet uv
	$(VENV)/bin/uv lock --quiet
	$(VENV)/bin/uv export --quiet --format requirements.txt --no-emit-project --no-header --no-dev --output-file requirements.txt
	$(VENV)/bin/uv export --quiet --format requirements.txt --no-emit-project --no-header --output-file requirements-dev.txt

fmt: environment-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

clean:
	rm -rf $(VENV) node_modules static/dist .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
