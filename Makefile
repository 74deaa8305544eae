# Everything a person or CI runs. Needs python3 (3.11 or newer, with venv) and make; the rest is set up here.
# Pass options with ARGS, for example: make run ARGS="--for 90s --json out.json"

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run score test check bench-load bench-ingest bench-rules mutants bench-store prove servers format lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## the whole demo city: broker, collector, rules, API, 300 simulated devices
	@$(BIN)/ioc demo $(ARGS)

score: $(VENV)/.installed ## play a city with known faults as fast as can be, and score what was detected
	@$(BIN)/ioc score run $(ARGS)

test: $(VENV)/.installed-dev ## all tests with coverage (those that need a missing server are skipped and say so; in CI they fail)
	$(BIN)/pytest $(or $(ARGS),--numprocesses=2 --cov --cov-fail-under=90)

check: $(VENV)/.installed-dev ## formatting, lint, types, layers, spelling, rules, generated dashboards
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/ioc rules check $(ARGS)
	$(BIN)/ioc grafana build --check


bench-load: $(VENV)/.installed-dev ## how fast the load generator drives mosquitto, beside mosquitto_pub
	$(BIN)/python -m benchmarks.load $(ARGS)

bench-ingest: $(VENV)/.installed-dev ## how fast the collector stores at full load, beside a C subscriber and Telegraf
	$(BIN)/python -m benchmarks.ingest $(ARGS)

bench-store: $(VENV)/.installed-dev ## how fast the stores write, how large they are, how fast they answer an operator
	$(BIN)/python -m benchmarks.store $(ARGS)

bench-rules: $(VENV)/.installed-contestants ## readings/s through all rules on one core, beside rule-engine and CEL, and memory
	IOC_BENCH_CONTESTANTS=$(VENV)/contestants $(BIN)/python -m benchmarks.rules $(ARGS)

mutants: $(VENV)/.installed-dev ## change the engine's core in a thousand ways and see which changes its tests notice (half an hour)
	$(BIN)/mutmut run $(ARGS)

prove: $(VENV)/.installed-dev ## the long proofs at full size (CI: ARGS="--scale 0.1")
	$(BIN)/python -m benchmarks.prove $(ARGS)

servers: ## bring the real servers that tests and benchmarks want and this machine lacks
	@sh deploy/servers.sh $(ARGS)

format: $(VENV)/.installed-dev ## put the code into the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## make the lock files anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-strip-extras --no-header --no-annotate -q -o requirements.lock
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-strip-extras --no-header --no-annotate -q -c requirements.lock -o requirements-dev.lock

clean: ## remove the environment, caches and the demo's data
	rm -rf $(VENV) data build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The lock files are the only source of packages; the project itself is linked in without asking an index.
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "ioc-telemetry needs Python 3.11 or newer, this is %d.%d; try: make run PYTHON=python3.12" % sys.version_info[:2])'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python has no venv module; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) from the lock file (once; half a minute to two)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# The library rule-engine wants an older python-dateutil than InfluxDB's client: it stands apart, for one benchmark.
$(VENV)/.installed-contestants: benchmarks/rules/contestants.lock $(VENV)/.installed-dev
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --upgrade --target $(VENV)/contestants -r $<
	@touch $@
