# The only entrance: everything that people and CI do here has a target.
.PHONY: help run report test test-postgres prove check lint bench bench-short docs pictures lock clean
.DEFAULT_GOAL := help
BIN := .venv/bin
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
AXE := node_modules/axe-core/axe.min.js
SPARK := .venv/.installed-spark

help:  ## list the targets
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  ##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

run: $(RUN)  ## show the simulated company in the browser, with a sign-in for each role
	@$(BIN)/accord demo

report: $(RUN)  ## show it without a browser: scoreboard in the terminal, report in var/report.html
	$(BIN)/accord run

test: $(DEV) $(AXE) $(SPARK)  ## run the tests, in most of an hour
	$(BIN)/pytest -n 2 --dist worksteal -m "not prove"

# How a page looks does not depend on the database.
test-postgres: $(DEV)  ## run the tests of the product on PostgreSQL too (ACCORD_TEST_POSTGRES names the server)
	ACCORD_DATABASE_URL=$${ACCORD_TEST_POSTGRES:-postgres://postgres@127.0.0.1:5432/accord} \
	$(BIN)/pytest -n 2 --dist worksteal -m "not prove and not simulated" \
	  --ignore-glob 'tests/journeys/test_accessibility*' tests/app tests/journeys

prove: $(DEV) $(SPARK)  ## run the long forms of the tests and write docs/proof.md
	$(BIN)/python -m tests.proof

check: lint  ## lint, format, types, floors, rules of the house
	$(BIN)/pytest tests/house -m "not prove"

lint: $(DEV)  ## the same without the rules of the house, which are tests too
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --lint src/accord_app

bench: $(DEV)  ## measure against the limits that docs/scaling.md states
	$(BIN)/python -m benchmarks

bench-short: $(DEV)  ## small sizes, to see that the benchmarks run
	$(BIN)/python -m benchmarks --short

docs: $(DEV)  ## print the definitions, run the notebook and build the site into site/
	$(BIN)/python -m tests.house.pages
	$(BIN)/python -m tests.house.notebook
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

pictures: $(DEV)  ## take the pictures of every page anew, into docs/img/pages
	$(BIN)/python -m tests.house.pictures

lock: $(DEV)  ## compile the hash locks anew
	PATH="$(CURDIR)/$(BIN):$$PATH" sh requirements/compile.sh --upgrade

clean:  ## remove the environment and all that was built
	rm -rf .venv node_modules site build dist var/demo var/lake var/lake.truth.json var/report.html

.venv:
	@sh requirements/environment.sh

$(RUN): requirements/run.txt pyproject.toml | .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements/run.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements/dev.txt pyproject.toml | .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(RUN)

$(SPARK): requirements/spark.txt | $(DEV)
	@if $(BIN)/pip install --quiet --require-hashes --no-deps --no-build-isolation -r requirements/spark.txt; \
	then touch $@; \
	else echo "PySpark could not be installed: the tests of Spark skip, each says so by name." >&2; fi

$(AXE): package.json package-lock.json
	@if command -v npm >/dev/null && npm ci --silent --no-audit --no-fund; then touch $@; \
	else echo "npm ci could not bring axe-core: the checks of accessibility skip, each says so by name." >&2; fi
