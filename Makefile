# Everything a person does with this repository. `make` alone lists it.
PYTHON := .venv/bin/python
SOURCES := libs services cli tests tools examples

.DEFAULT_GOAL := help
.PHONY: help setup setup-tests run test check bench soak chaos schemas pins format command-client

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

setup: ## install what is missing to run: packages, the Python environment, the default job image
	@tools/setup

setup-tests: ## the same, and what the tests need (redis-cli, Chromium, debootstrap)
	@tools/setup --tests

run: setup ## start everything on this machine and run this repository's own jobs
	@exec .venv/bin/tisktask up --trigger-path .

command-client: ## compile tisktask-cmd for a deployment's runners (DESTINATION=build/tisktask-cmd)
	@python3 tools/command_client.py $(or $(DESTINATION),build/tisktask-cmd)

test: setup-tests check ## all checks and all tests
	@$(PYTHON) -m pytest -q --numprocesses 2 --no-loadscope-reorder -m "not benchmark and not soak and not chaos"

check: ## style, types, boundaries, file sizes, generated files
	@.venv/bin/ruff check $(SOURCES)
	@.venv/bin/ruff format --check --quiet $(SOURCES)
	@.venv/bin/basedpyright --level error
	@.venv/bin/lint-imports --no-cache
	@$(PYTHON) tools/check_sizes.py
	@$(PYTHON) tools/schemas.py --check
	@$(PYTHON) tools/said_before.py --check
	@$(PYTHON) tools/settings_page.py --check
	@$(PYTHON) tools/events_page.py --check

format: ## write the code the way `check` wants it
	@.venv/bin/ruff check --fix --quiet $(SOURCES) ; .venv/bin/ruff format --quiet $(SOURCES)

bench: setup-tests ## overhead of a job and log throughput, as ratios to floors measured in the same run
	@$(PYTHON) -m pytest -q -s -m benchmark --timeout 1200 tests/benchmarks

soak: setup-tests ## ten minutes of runs, one after the other: memory flat, nothing left behind
	@$(PYTHON) -m pytest -q -s -m soak --timeout 1800 tests/benchmarks tests/acceptance/test_job_socket.py

chaos: setup-tests ## minutes of runs while everything is killed: nothing lost (TISKTASK_CHAOS_SECONDS, TISKTASK_CHAOS_SEED)
	@$(PYTHON) -m pytest -q -s -m chaos tests/chaos

schemas: ## write what is generated: schemas/ of all events, docs/settings.md, docs/events.md
	@$(PYTHON) tools/schemas.py
	@$(PYTHON) tools/said_before.py
	@$(PYTHON) tools/settings_page.py
	@$(PYTHON) tools/events_page.py

pins: ## compile requirements/*.in into pinned *.txt with hashes
	@.venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes requirements/run.in -o requirements/run.txt
	@.venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes requirements/dev.in -o requirements/dev.txt
