# Two commands do everything: make demo, make test. A machine needs Python 3.11 to 3.14, git and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Two workers fill two processors: more threads for small matrices would spend five times the time waiting for each other.
test soak: export OPENBLAS_NUM_THREADS := 1

.PHONY: demo test soak check format tables wheel-check lock clean

demo: .venv/run.stamp
	$(BIN)/vigie demo

test: .venv/test.stamp
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not soak" $(ARGS)

soak: .venv/test.stamp
	$(BIN)/python -m pytest -m soak --timeout 3600 $(ARGS)

check: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/test.stamp
	$(BIN)/ruff check --fix --unsafe-fixes --exit-zero .
	$(BIN)/ruff format .

# The README's figures, from the held-out part of the corpus; after `vigie train --out extractors/data`.
tables: .venv/test.stamp
	$(BIN)/python benchmarks/readme_tables.py

# The generic package names make a missing data file easy to overlook: the wheel alone, in an empty folder.
wheel-check: .venv/test.stamp
	rm -rf dist build/wheel && mkdir -p build/wheel
	$(BIN)/python -m build --wheel --outdir dist . > build/wheel.log 2>&1 || { cat build/wheel.log; false; }
	$(PYTHON) -m venv build/wheel/.venv
	build/wheel/.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	build/wheel/.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps dist/*.whl
	! $(BIN)/python -m zipfile -l dist/*.whl | grep -E '^(tests|deploy|benchmarks)/'
	cd build/wheel && .venv/bin/vigie demo

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --constraint requirements.lock --group test pyproject.toml -o requirements-test.lock

clean:
	rm -rf .venv build dist

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' || { echo "vigie needs Python 3.11 to 3.14; name one with make PYTHON=python3.12 ..."; false; }
	@$(PYTHON) -m venv .venv || { echo "This Python has no venv: on Debian and Ubuntu, apt install python3-venv"; rm -rf .venv; false; }

# --no-deps: the lock is complete, and pip would else look for extras that it cannot name.
.venv/run.stamp: .venv/bin/python requirements.lock pyproject.toml
	$(PIP) --no-deps --require-hashes -r requirements.lock
	$(PIP) --no-deps -e .
	@touch $@

.venv/test.stamp: .venv/run.stamp requirements-test.lock
	$(PIP) --no-deps --require-hashes -r requirements-test.lock
	@touch $@
