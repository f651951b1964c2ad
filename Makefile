# Two commands do everything: `make app` and `make test`. Each sets the machine up first.
.PHONY: app test browser setup lint format docs bench stress soak crowd

PYTHON ?= python3
PORT ?= 8501
MINUTES ?= 30
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CHROMIUM := $(shell command -v chromium || echo /usr/bin/chromium)

app: setup
	@$(BIN)/python -m rft_core app --port $(PORT)

# one process a core, one thread each; what is idle takes over what is left of the others
test: setup
	$(BIN)/python -m pytest -q -n logical --maxprocesses 8 --dist worksteal

# the real server in a real browser; screenshots and traces are kept in test-results/
browser: setup
	@test -x $(CHROMIUM) || { echo "Chromium is needed for the browser tests: sudo apt-get install chromium"; exit 1; }
	$(BIN)/python -m pytest -q --browser tests/browser

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# the reference pages of the guide, made from the program; and where the tests of docs/guards.md are
docs: setup
	$(BIN)/python -m docs.reference

bench: setup
	$(BIN)/python -m rft_core bench

# every fault of docs/guide/faults.md many times, with real processes; ends with one table
stress: setup
	$(BIN)/python -m tests.stress

# the real dashboard and worker under a full queue and 20 visitors; does memory grow, does anything go wrong?
soak: setup
	$(BIN)/python -m tests.stress.soak --minutes $(MINUTES)

# 50 sessions watch and 10 launch: how long pages take, and whether training goes on as fast
crowd: setup
	$(BIN)/python -m tests.stress.crowd

setup: $(READY)

# the mark is written last, so an interrupted set-up starts again
$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check -q -r requirements.txt
	$(BIN)/pip check
	@touch $(READY)
