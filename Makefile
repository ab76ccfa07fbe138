# make demo    a made-up city from source files to the page, in .budget_watch
# make test    everything a release needs
# make test-postgresql  the tests once more, every home's state on a PostgreSQL of the tests;
#              PARTS="tests/casework tests/access" for some of them
# make month   a month of casework at full size, many processes at once, two of them killed: on SQLite,
#              then on PostgreSQL (about six minutes each)
# make check   format, lint, types
# make bench   the whole rule book against DuckDB; ARGS="--home DIR" or "--vouchers 200000";
#              and CSV to lake against bare polars; CSV="--rows 3000000"
# make load    twenty people at the dashboard at once; ARGS="--home DIR --minutes 3"
# make screenshots  the README's pictures; ARGS="--out DIR" every page, wide, on a phone, dark
# make session  an hour of a 人代会 session over HTTP, a worker killed: ARGS="--minutes 60" (default 5)
# make year    every day of a year from four sources against one bulk load (an hour)
# make lock    renew both lock files
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
INSTALL := --no-deps --no-build-isolation -e .

.PHONY: demo test test-postgresql month session test-fast check bench load screenshots year lock clean

demo: .venv/runtime.stamp
	$(BIN)/budget-watch demo $(ARGS)

test: .venv/test.stamp check
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)
	$(BIN)/budget-watch rules check
	$(BIN)/budget-watch rules test --coverage
	$(BIN)/budget-watch rules mutate

test-postgresql: .venv/test.stamp
	BUDGET_WATCH_TEST_STATE=postgresql $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder \
		$(PARTS) $(ARGS)

test-fast: .venv/test.stamp
	$(BIN)/python -m pytest -m "not slow and not browser" $(ARGS)

check: .venv/test.stamp
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy

bench: .venv/test.stamp
	$(BIN)/python -m benchmarks.whole_book $(ARGS)
	$(BIN)/python -m benchmarks.csv_to_lake $(CSV)

load: .venv/test.stamp
	$(BIN)/python -m benchmarks.dashboard_load $(ARGS)

screenshots: .venv/test.stamp
	$(BIN)/python -m tests.screenshots $(or $(ARGS),--readme --out docs/pictures)

month: .venv/test.stamp
	$(BIN)/python -m benchmarks.casework_month --database sqlite $(ARGS)
	$(BIN)/python -m benchmarks.casework_month --database postgresql $(ARGS)

session: .venv/test.stamp
	$(BIN)/python -m benchmarks.session_hour $(ARGS)

year: .venv/test.stamp
	BUDGET_WATCH_YEAR=daily BUDGET_WATCH_YEAR_SCALE=small $(BIN)/python -m pytest -s tests/end_to_end/test_year.py $(ARGS)

lock: .venv/bin/python
	$(PIP) uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
		--no-emit-find-links --no-header pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
		--no-emit-find-links --no-header --extra test --constraint requirements.lock pyproject.toml \
		--output-file requirements-test.lock

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or say make PYTHON=/path/to/python" >&2; exit 3; }
	@echo "Making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv || { echo "$(PYTHON) cannot make a virtual environment (on Debian: apt install python3-venv)" >&2; rm -rf .venv; exit 3; }

.venv/runtime.stamp: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing from requirements.lock (a minute or two the first time)"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) $(INSTALL)
	@touch $@

.venv/test.stamp: requirements-test.lock pyproject.toml | .venv/bin/python
	@echo "Installing from requirements-test.lock (a minute or two the first time)"
	@$(PIP) --require-hashes -r requirements-test.lock
	@$(PIP) $(INSTALL)
	@touch $@ .venv/runtime.stamp

clean:
	rm -rf .venv build *.egg-info
