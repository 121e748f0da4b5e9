PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: demo test test-all bench lint clean

demo: $(READY)  ## draw a city, retrieve, re-rank, print the table
	$(BIN)/rerank demo

test: $(READY)  ## the tests, without the long ones
	$(BIN)/python -m pytest -m "not slow"

test-all: $(READY)  ## every test
	$(BIN)/python -m pytest

bench: $(READY)  ## every measurement of docs/performance.md, and its tables
	$(BIN)/python -m benchmarks

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,parquet]'
	touch $(READY)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
