# One line a target for `make help`. Stamps in .venv/ make a second call quick; pyproject.toml renews them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
BROWSERS := chromium-headless-shell chromium google-chrome

.DEFAULT_GOAL := help
.PHONY: help run native test test-all test-versions lint coverage bench docs site slides clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-14s %s\n", $$1, $$2}'

run: $(VENV)/.run native  ## install, train a network on iris, write pictures to out/
	$(BIN)/python -m examples.main_job

native: $(VENV)/.run  ## build the interpreter of compiled programs, where there is a C compiler
	@$(BIN)/python -m autograd.programs.native

test: $(VENV)/.test  ## install what testing needs, then style, types, tests and doctests: all, whichever fails
	@status=0; for check in "ruff check ." "mypy"; do \
	  echo "── $$check"; $(BIN)/$$check || status=1; done; \
	echo "── pytest"; $(BIN)/python -m pytest -n 2 -m "not slow" || status=1; exit $$status

test-all: test  ## the tests, then the long ones
	$(BIN)/python -m pytest -n 2 -m slow --hypothesis-profile=thorough

test-versions: $(VENV)/.test  ## the tests on each Python from 3.11 to 3.14 found here, and with the lowest stated versions
	$(BIN)/python -m nox --session versions minimums

lint: $(VENV)/.test  ## style and types
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/basedpyright --level error

coverage: $(VENV)/.test  ## the tests, with the lines and branches that none of them runs: at least 95 % are
	$(BIN)/python -m pytest -n 2 -m "not slow" --cov --cov-report=term-missing:skip-covered --cov-fail-under=95

bench: $(VENV)/.bench  ## measure against every installed peer, interleaved; make docs/benchmarks.md and README's comparison
	$(BIN)/python -m benchmarks hips
	$(BIN)/python -m benchmarks --page

docs: $(VENV)/.run  ## generate the pages and pictures of docs/
	$(BIN)/python -m docs

site: $(VENV)/.site  ## build the website into build/site/: the course, the pages, the reference
	$(BIN)/python -m docs.build

slides: $(VENV)/.site  ## write each chapter as slides into build/slides/, in English and Korean
	$(BIN)/python -m docs.slides

clean:  ## remove what the other targets made
	rm -rf $(VENV) .nox out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "chainrule needs Python 3.11 or newer; say which with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[plot]'
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[test]'
	@$(MAKE) --no-print-directory browser
	@touch $@ $(VENV)/.run

$(VENV)/.site: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[site]'
	@touch $@

$(VENV)/.bench: pyproject.toml | $(BIN)/python
	$(PIP) --editable '.[bench]'
	@touch $@

# The pictures are tested in a real browser: one that is there, else Debian's, else playwright's own.
.PHONY: browser
browser:
	@for name in $(BROWSERS); do command -v $$name >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends chromium-headless-shell >/dev/null && exit 0; fi; \
	$(BIN)/python -m playwright install chromium || \
	  echo "No browser: the tests of pages are skipped. Install chromium, or run: playwright install --with-deps chromium"
