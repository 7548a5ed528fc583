# make report | test | test-whole | accessibility | lab | check | nation | benchmark | benchmark-alarms | lock | clean. Every target sets up .venv first.
PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/sh
TESTS := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: report test test-whole accessibility lab check nation benchmark benchmark-alarms lock clean
.DEFAULT_GOAL := report

report: .venv/ready
	$(BIN)/lscb build

test: .venv/ready
	$(TESTS) -m 'not whole' $(PYTEST)
	@echo 'Left out: the tests of whole packs, which take some minutes more. Run them by: make test-whole'

test-whole: .venv/ready
	$(TESTS) -m whole $(PYTEST)

accessibility: .venv/ready
	$(BIN)/python -m pytest --record -k 'not some' tests/test_accessibility.py tests/test_browser.py tests/test_easy_read.py

lab: .venv/ready
	$(BIN)/jupyter lab notebooks

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lscb check

nation: .venv/ready
	$(BIN)/python benchmarks/nation.py $(AREAS)

benchmark: .venv/ready
	$(BIN)/python benchmarks/builds.py

benchmark-alarms: .venv/ready
	$(BIN)/python benchmarks/alarms.py

lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --quiet --output-file requirements.lock

clean:
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Python 3.11 or newer is needed; this is' "$$($(PYTHON) --version 2>&1)."; \
		echo 'Say which one to use, for example: make report PYTHON=python3.12'; exit 1; }
	@$(PYTHON) -m venv .venv || { \
		echo 'The local environment could not be made. On Debian and Ubuntu: apt install python3-venv'; exit 1; }
	@echo 'Installing what is needed into .venv (a few minutes the first time).'
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
