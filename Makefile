# Everything runs from .venv in this checkout; the first target that needs it makes it.

PYTHON ?= python3
BIN := .venv/bin
KILLS ?= 30
ENGINE ?= sqlite
WORKERS ?= auto
PROPERTIES_EXAMPLES ?= 10000
FUZZ_SECONDS ?= 120

.PHONY: run demo test coverage contracts check bench crash mutants chaos properties fuzz attacks deployment deployment-lint clean

## run: start the connector with the sandbox and show notifications arriving in Fluent
run: .venv/.installed
	$(BIN)/fluent-connect run --sandbox

## demo: carry a fixed set of notifications through faults, and prove that all arrived
demo: .venv/.installed
	$(BIN)/fluent-connect demo

## test: run the tests on WORKERS processors
test: .venv/.installed
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not crash" $(ARGS)

## coverage: the same, and tell which lines no test runs; takes 1.7 times as long
coverage:
	$(MAKE) test ARGS="--cov --cov-report=term:skip-covered"

## contracts: ask every engine the same questions, and print a row for each
contracts: .venv/.installed
	CONTRACTS_TABLE=1 $(BIN)/python -m pytest -q tests/contracts $(ARGS)

## check: format, lint, types, import floors, documents
check: .venv/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

## crash: kill the service KILLS times on ENGINE and account for every notification (APPEND: a file to go on from)
crash: .venv/.installed
	$(BIN)/python tests/crash/run.py --kills $(KILLS) --engine $(ENGINE) $(if $(APPEND),--append $(APPEND))

## mutants: make known mistakes in a copy of the source, one by one; each must turn a test red
mutants: .venv/.installed
	$(BIN)/python tests/mutants/run.py

## chaos: bring about every fault of docs/explanation/fault-tests.md (half an hour)
chaos: .venv/.installed
	$(BIN)/python bench/chaos/run.py

## properties: map PROPERTIES_EXAMPLES generated resources of each kind, judged by Fluent's schema
properties: .venv/.installed
	PROPERTIES_EXAMPLES=$(PROPERTIES_EXAMPLES) $(BIN)/python -m pytest tests/properties/test_mappings.py $(ARGS)

## fuzz: make up input for each parser of what strangers send, FUZZ_SECONDS each, two at a time
fuzz: .venv/.installed
	$(BIN)/python tests/fuzz/run.py --seconds $(FUZZ_SECONDS) $(ARGS)

## attacks: flood and deceive a running service; honest senders keep their rate
attacks: .venv/.installed
	$(BIN)/python bench/attacks.py $(ARGS)

## bench: measure start-up, memory, verification and the drain of a long queue
bench: .venv/.installed
	$(BIN)/python bench/run.py

## deployment: lint all in deploy/, then build and run the image's file system (as root, on Linux)
deployment: deployment-lint .venv/.installed
	$(BIN)/python deploy/rehearse.py

## deployment-lint: lint all in deploy/
deployment-lint: .venv-deployment/.installed
	.venv-deployment/bin/python deploy/lint/run.py

clean:
	rm -rf .venv .venv-deployment site dist var .pytest_cache .mypy_cache .ruff_cache

.venv/.installed: pyproject.toml requirements-dev.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv-deployment/.installed: deploy/lint/requirements.lock
	$(PYTHON) -m venv .venv-deployment
	.venv-deployment/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r deploy/lint/requirements.lock
	touch $@
