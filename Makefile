# Everything that is done with this source tree, for a machine that has Python 3.10 or newer and make.
#
#   PYTHON  the interpreter to make the virtual environment with: make test PYTHON=python3.12
#   VENV    the virtual environment's folder:                     make test VENV=/tmp/pyroplug
#   ARGS    options for the demo, for pytest or the benchmarks:   make test ARGS="-k wire -x"
#   SECONDS how long each target is fuzzed:                       make fuzz SECONDS=600 ARGS=session

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
SECONDS := 60
BIN    := $(VENV)/bin
RESULTS := build/benchmarks.json
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: help demo test test-slow fuzz fuzz-long soak attacks check bench bench-quick bench-names bench-page profile docs clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1|/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

demo: $(VENV)/.with-pyroplug ## see it work: every server model, transport and serializer, in real processes
	@$(BIN)/pyroplug demo $(ARGS)

test: $(VENV)/.with-tools ## run all tests, those against real Pyro5 among them
	@$(BIN)/python -m pytest $(ARGS)

fuzz: $(VENV)/.with-fuzzer ## hostile bytes for everything that reads them, SECONDS for each target
	@$(BIN)/python -m fuzz --seconds $(SECONDS) $(ARGS)

fuzz-long: $(VENV)/.with-tools ## 100,000 seeded mutations of valid bytes for each target
	@FUZZ_RUNS=100000 $(BIN)/python -m pytest -q tests/fuzz $(ARGS)

test-slow: $(VENV)/.with-tools ## run the tests that build distributions, and install them in environments of their own
	@$(BIN)/python -m pytest -m slow $(ARGS)

check: $(VENV)/.with-tools ## lint, format, types, and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy examples
	$(BIN)/mypy benchmarks
	$(BIN)/mypy fuzz
	$(BIN)/mypy soak
	$(BIN)/mypy docsite
	$(BIN)/python -m pytest -q tests/test_layers.py

soak: $(VENV)/.with-tools ## ten minutes of many clients, with faults in between: nothing wrong, lost, or kept
	@$(BIN)/python -m soak $(ARGS)

attacks: $(VENV)/.with-tools ## attack servers in processes of their own, with each transport
	@ATTACKS=all $(BIN)/python -m pytest -q tests/attacks $(ARGS)

bench: $(VENV)/.with-contestants ## compare its speed with a bare socket's, real Pyro5's and other libraries'
	@$(BIN)/python -m benchmarks --times --json $(RESULTS) $(ARGS)

bench-quick: $(VENV)/.with-contestants ## less of it, and whether something got slower than it was
	@$(BIN)/python -m benchmarks --quick --times --regression --json $(RESULTS) $(ARGS)

bench-names: $(VENV)/.with-tools ## the name server beside Pyro5's, with 100,000 names; many clients at once
	@$(BIN)/python -m benchmarks.names $(ARGS)

bench-page: $(VENV)/.with-contestants ## renew docs/benchmarks.md and its plots with the results of the last of both
	@$(BIN)/python -m benchmarks.page $(RESULTS)

profile: $(VENV)/.with-tools ## where the microseconds of a call go, and how many system calls it takes
	@$(BIN)/python -m benchmarks.profile_call --system-calls $(ARGS)

docs: $(VENV)/.with-docs ## build the documentation as a site, in site/; every link is checked
	@$(BIN)/python -m docsite.contracts
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict $(ARGS)
	@echo "site/index.html"

clean: ## remove the virtual environment, caches and what was built
	test ! -f $(VENV)/.made || rm -rf $(VENV)
	rm -rf build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find pyroplug plugins tests fuzz -name __pycache__ -prune -exec rm -rf {} +

# A stamp stands for a step that is complete, so that an interrupted one is made again. The installation is
# editable: only new dependencies or entry points, which pyproject.toml lists, make it out of date.

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "pyroplug needs Python 3.10 or newer;" \
	    " name one, as in: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.with-pyroplug: pyproject.toml $(VENV)/.made
	$(PIP) --editable .
	@touch $@

$(VENV)/.with-tools: pyproject.toml $(VENV)/.made
	$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/.with-pyroplug

$(VENV)/.with-contestants: pyproject.toml $(VENV)/.made
	$(PIP) --editable '.[test,bench]'
	@touch $@ $(VENV)/.with-pyroplug $(VENV)/.with-tools

$(VENV)/.with-docs: pyproject.toml $(VENV)/.made
	$(PIP) --editable '.[docs]'
	@touch $@ $(VENV)/.with-pyroplug

# There is not a wheel of it for every interpreter and system; without it the targets run on mutations alone.
$(VENV)/.with-fuzzer: $(VENV)/.with-tools
	@$(PIP) --editable '.[fuzz]' || echo "atheris cannot be installed here: going on without"
	@touch $@
