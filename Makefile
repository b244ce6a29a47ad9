# Two commands: `make run` and `make test`. The rest are parts of them.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8000
HOST ?= 127.0.0.1

.DEFAULT_GOAL := run
.PHONY: setup setup-dev run test check lint bench soak shots migration clean

setup:  ## environment, packages, assets: everything `make run` needs
	@$(PYTHON) bootstrap.py

setup-dev:
	@$(PYTHON) bootstrap.py --dev

run: setup  ## web and worker together, until Ctrl-C
	@$(BIN)/mortise serve --host $(HOST) --port $(PORT) --app crm

lint: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@if [ -d webapp/templates ]; then $(BIN)/djlint --quiet --lint webapp/templates; fi

check: lint  ## style, types, templates, migrations, translations, levels
	@$(BIN)/pytest -q tests/contracts tests/worker/test_migrating.py

# Browser tests wait for their pages as much as they calculate: two processes take two thirds of the time of one.
test: lint  ## everything, on SQLite and on PostgreSQL, browser included
	@$(BIN)/pytest -q -n 2 --dist loadgroup -m "not browser and not soak" tests
	@$(BIN)/pytest -q -n 2 --dist loadgroup -m "browser and not soak" tests || [ $$? -eq 5 ]

bench: setup-dev  ## measurements; make bench OPTIONS="--rows 100000 --database sqlite"
	@$(BIN)/python -m tests.bench $(OPTIONS)

soak: setup-dev  ## long property and crash tests
	@$(BIN)/pytest -q -m soak tests

shots: setup-dev  ## screenshots of every screen into shots/
	@MORTISE_SHOTS=1 $(BIN)/pytest -q tests/browser/test_shots.py

migration: setup-dev  ## a new step of the system's tables: make migration NAME="what it does"
	@$(BIN)/python -m migrations.new "$(NAME)"

clean:  ## what was built (not the data)
	rm -rf .venv node_modules webapp/static/vendor webapp/static/build webapp/engines/forms/finding/pinyin.txt webapp/engines/forms/finding/regions.txt
	find webapp/translations -name '*.mo' -delete
