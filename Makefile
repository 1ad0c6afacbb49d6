# Everyday commands. `make help` lists them; the text behind ## is their help.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Tests run in so many processes, each with its own PostgreSQL. Four keep two cores busy: many tests
# wait, for an agent's next second or for a server.
WORKERS ?= 4
# They start hundreds of processes: none of them shall compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
PACKAGES := schoolops agents inventory playbooks tui sample_site

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench agent screens pages docs wheel lock clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv from the lock file, and install schoolops into it

# Runs again when the lock or the project's settings changed; everything else needs it.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "schoolops needs Python 3.11 or newer, and $(PYTHON) is" \
	    "$$($(PYTHON) --version 2>/dev/null || echo not there)." \
	    "Name another one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments; on Debian: apt install python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
	  --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
	  --no-deps --no-build-isolation --no-index -e .
	@touch $@

demo: $(READY) ## A live city on the screen; without a terminal a summary of what happened
	$(BIN)/schoolops demo

test: $(READY) ## All tests; those with a real server are skipped where it is not installed
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

check: $(READY) ## Style, types and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(READY) ## Put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## Measure the bars, and write docs/benchmarks.md
	$(BIN)/python benchmarks/run.py

agent: $(READY) ## dist/schoolops-agent.pyz: the agent in one file, for any Python 3.11
	$(BIN)/python -m agents.build dist/schoolops-agent.pyz

screens: $(READY) ## Draw the screens in docs/screens, in both languages and sizes
	$(BIN)/python docs/draw_screens.py

pages: $(READY) ## Draw web pages and a proof in docs/pages (needs chromium, poppler-utils)
	$(BIN)/python docs/draw_pages.py
	$(BIN)/python docs/draw_proof.py

docs: $(READY) ## Write the generated pages of docs/ again
	$(BIN)/python docs/generate.py

wheel: $(READY) ## dist/*.whl
	$(BIN)/python -m hatchling build -t wheel -d dist

lock: ## Resolve the dependencies again (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --group dev --all-extras \
	  --no-header pyproject.toml -o requirements.lock

clean: ## Remove what the commands above made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
