# make demo   made-up incidents and shootings, from a local portal to tested marts
# make test-fast   tests without a server, dbt or browser: half a minute
# make test   every test
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-fast torture lint format bench screenshot holidays settings-page lock emulator clean

demo: .venv/installed
	$(BIN)/python -m demo

# One worker more than the two cores of a small machine: tests also wait. What Python
# compiles is kept, for the many processes that tests start.
test: export PYTHONDONTWRITEBYTECODE :=
test: .venv/installed lint
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile \
		--no-loadscope-reorder

# The loop while changing code: functions, the demo's portal and rows, the project's files.
test-fast: export PYTHONDONTWRITEBYTECODE :=
test-fast: .venv/installed
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal \
		tests/unit tests/demo tests/project

# Kill the daily job some 350 times, at random and at every step; takes a while.
torture: .venv/installed
	$(BIN)/python -W ignore -m tools.torture

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.lint_sql

format: .venv/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The site: to build it, to open it, to filter on it. Then what the whole job costs with
# so many rows of four cities, beside what it may cost; fails if anything costs more.
bench: ROWS ?= 1000000
bench: .venv/installed
	$(BIN)/python -m tools.bench_site
	$(BIN)/python -m tools.bench --rows $(ROWS)
	$(BIN)/python -m tools.bench_cities

# The picture of the site in the README, taken as the tests see it.
screenshot: .venv/installed
	$(BIN)/python -m tools.screenshot

holidays: .venv/installed
	$(BIN)/python -m pipelines.onboarding.holidays

# The tables of docs/settings.md, from pipelines/environment.py.
settings-page: .venv/installed
	$(BIN)/python -m tools.settings_page

# Exact versions and hashes of everything, for every platform.
lock:
	uv pip compile --universal --generate-hashes --python-version 3.11 --quiet \
		--no-strip-extras \
		--no-header pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --python-version 3.11 --quiet \
		--no-strip-extras \
		--no-header --extra test -c requirements.lock pyproject.toml \
		-o requirements-test.lock
	uv pip compile --universal --generate-hashes --python-version 3.11 --quiet \
		--no-header tests/emulator-requirements.in -o tests/emulator-requirements.lock

.venv/installed: requirements-test.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements-test.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --editable .
	touch $@

# Emulators of BigQuery and Cloud Storage; without them the tests that need one skip.
emulator: .emulator/installed

.emulator/installed: tests/emulator-requirements.lock
	$(PYTHON) -m venv .emulator
	.emulator/bin/pip install --quiet --disable-pip-version-check --require-hashes \
		-r tests/emulator-requirements.lock
	touch $@

clean:
	rm -rf .venv .emulator blotter_home blotter_home_demo
