# Few commands, the same for people and for CI. Each sets up what it needs.
.PHONY: help setup lint test test-long demo bench bench-wall pictures lock clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# So many processes share the tests. They wait more than they work: three keep two cores busy.
PROCESSES ?= 3
IN_PROCESSES = -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

help:            ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

setup: $(VENV)/.ready ## the environment in .venv, with the guatu command and what the tests need

PIP_INSTALL = @$(BIN)/python -m pip install --quiet --disable-pip-version-check

# What running needs. Hashes are checked for every package; the project itself is then put in place without touching them.
$(VENV)/.runs: requirements/embedded.txt requirements/build.txt pyproject.toml
	@echo "guatu: preparing $(VENV) (half a minute the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "guatu: needs Python 3.11 or newer; set PYTHON=... to one" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --require-hashes -r requirements/embedded.txt -r requirements/build.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready: $(VENV)/.runs requirements/dev.txt
	@echo "guatu: adding what the tests need (half a minute the first time)"
	$(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

lint: setup      ## style and strict types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

test: setup lint ## style, types, rules, every path on the real servers, the pages in the browser (12 min on two cores)
	$(BIN)/python -m pytest -m "not long" $(IN_PROCESSES)

test-long: setup ## generated input at full depth, floods, kills, whole demos, the production topology (9 min)
	$(BIN)/python -m pytest -m long $(IN_PROCESSES)

demo: $(VENV)/.runs ## the first nine days of Dazhou, then stays up (make demo ARGS=--exit to end by itself)
	$(BIN)/guatu demo $(ARGS)

bench: setup     ## measured costs and ratios (up to 8 min)
	$(BIN)/python -m bench

bench-wall: setup ## the wall with 110,000 cases, its pages and past moments, and a message until it hangs there (5 min)
	@$(BIN)/python -m bench.wall; kept=$$?; $(BIN)/python -m bench.wall_live && exit $$kept

pictures: setup  ## draw the README's pictures anew, from the demonstration's cases
	$(BIN)/python -m tests.browser.pictures

lock:            ## renew requirements/*.txt (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements/run.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra embedded -c requirements/run.txt pyproject.toml -o requirements/embedded.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --group build -o requirements/build.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra embedded --group dev -c requirements/embedded.txt pyproject.toml -o requirements/dev.txt

clean:           ## remove what setup made
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache
