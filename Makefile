# Everything a fresh machine needs: Python 3.11 or newer, make, and a package index.
#   make demo    the main job on synthetic patients, in a few minutes on a CPU   (DEMO="--bids DIR --image FILE")
#   make test    the tests, a process a core up to TEST_PROCESSES=4: each takes 1.5 GB
#   make lint    ruff, mypy, import-linter
PYTHON ?= python3
VENV ?= .venv
DEMO ?=
DEMO_OUT ?= demo
TEST_PROCESSES ?= 4

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test lint install clean

demo: $(VENV)/.installed
	$(BIN)/nnunet_ext demo $(DEMO_OUT) $(DEMO)

test: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	rm -rf build/lint && mkdir -p build/lint
	cp -r nnunet_ext build/lint/ && cp -r dataset_conversion trainers build/lint/nnunet_ext/
	$(BIN)/mypy build/lint/nnunet_ext tests benchmarks
	cd build/lint && $(abspath $(BIN))/lint-imports --config ../../pyproject.toml

install: $(VENV)/.installed

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) -e '.[test,fast,classify]'
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-test
	$(PIP) -e '.[test,fast,classify,dev]'
	touch $@

clean:
	rm -rf build dist *.egg-info
