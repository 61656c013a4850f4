# Few commands, the same for people and for CI. Each sets up what it needs.
.PHONY: help setup lint temporal test test-cluster demo bench bench-wall pictures lock clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# So many processes share the tests that may run beside others; each has servers of its own.
SIDE_BY_SIDE ?= 2

help:            ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

setup: $(VENV)/.ready ## the environment in .venv, with the guatu command

# Hashes are checked for every package; the project itself is then put in place without touching them.
$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@echo "guatu: preparing $(VENV) (about a minute the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "guatu: needs Python 3.11 or newer; set PYTHON=... to one" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

lint: setup      ## style and strict types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

test: setup lint temporal ## everything: style, types, rules, real server, real database, browser
	$(BIN)/python -m pytest --ignore tests/cluster -m "not long" -n $(SIDE_BY_SIDE) --dist loadfile --no-loadscope-reorder --durations 15
	$(BIN)/python -m pytest --ignore tests/cluster -m long

# Found, downloaded or built before a test's own limit of time runs.
temporal: setup
	@$(BIN)/python -m guatu.embedded > /dev/null

test-cluster: setup ## the production topology without containers: Temporal's own server, upgrade, restore drill (10 min)
	$(BIN)/python -m pytest tests/cluster

demo: setup      ## the first nine days of Dazhou, then stays up (make demo ARGS=--exit to end by itself)
	$(BIN)/guatu demo $(ARGS)

bench: setup     ## measured costs and ratios (up to 8 min)
	$(BIN)/python -m bench

bench-wall: setup ## the wall with 110,000 cases, its pages and past moments, and a message until it hangs there (5 min)
	@$(BIN)/python -m bench.wall; kept=$$?; $(BIN)/python -m bench.wall_live && exit $$kept

pictures: setup  ## draw the README's pictures anew, from the demonstration's cases
	$(BIN)/python -m tests.browser.pictures

lock:            ## renew requirements/*.txt (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements/run.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --group build -o requirements/build.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --group dev -c requirements/run.txt pyproject.toml -o requirements/dev.txt

clean:           ## remove what setup made
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache
