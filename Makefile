# `make demo` and `make test` are complete on a fresh clone: each makes .venv first, and reuses it afterwards.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo check test test-slow bench bench-populations install readme-figure columns clean

demo: install
	$(BIN)/attrax demo

test: check
	$(BIN)/python -m pytest -n 2

# Compiled as users have it: what takes minutes; and the property tests, several times over, on examples that nobody has seen yet.
ROUNDS ?= 5
test-slow: export XLA_FLAGS = --xla_cpu_multi_thread_eigen=false
test-slow: install
	$(BIN)/python -m pytest -m slow
	for round in $$(seq $(ROUNDS)); do \
		$(BIN)/python -m pytest -n 2 -m "hypothesis and not slow" --hypothesis-profile=exploring || exit 1; \
	done

# Lint, types, imports: less than a minute, before anything is run.
check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# Against the peers, which have an environment of their own; with nothing else running, about half an hour.
bench: install .bench/.installed
	$(BIN)/python benchmarks/bench.py --peers .bench/bin/python

# Selectivity against DRIADA, in an environment of its own; with nothing else running, a quarter of an hour.
bench-populations: install .bench-driada/.installed
	for part in agreement significance speed; do \
		OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/populations.py $$part \
			--driada .bench-driada/bin/python || exit 1; \
	done
	$(BIN)/python benchmarks/null_rates.py
	$(BIN)/python benchmarks/populations.py page

.bench-driada/.installed: benchmarks/peers_driada.txt
	$(PYTHON) -m venv .bench-driada
	.bench-driada/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/peers_driada.txt
	@touch $@

.bench/.installed: benchmarks/peers.txt
	$(PYTHON) -m venv .bench
	grep '^torch' benchmarks/peers.txt | .bench/bin/python -m pip install --quiet --requirement /dev/stdin
	.bench/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/peers.txt
	@touch $@

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "attrax needs Python 3.11 or newer, and $(PYTHON) is older: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

# The figure in the README is the demo's.
readme-figure: demo
	mkdir -p docs/images
	cp attrax-out/demo/report/planes.png docs/images/demo.png

# The page is written by the code that describes the columns.
columns: install
	$(BIN)/python -m attrax.studies.columns.page > docs/columns.md

clean:
	rm -rf $(VENV) .bench .bench-driada attrax-out
