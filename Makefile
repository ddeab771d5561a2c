# Two commands do all set-up: `make run` and `make test`. `make help` lists the rest.
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
TOOLS := $(VENV)/.tools-installed
PO := $(wildcard portal/translations/*/LC_MESSAGES/*.po)
.DEFAULT_GOAL := help
.PHONY: help run test check bench lock vendor messages wheel clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

$(STAMP): requirements.lock
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(TOOLS): requirements-dev.lock | $(STAMP)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

MO := $(PO:.po=.mo)
%.mo: %.po | $(STAMP)
	@$(VENV)/bin/pybabel --quiet compile --input-file $< --output-file $@

run: $(STAMP) $(MO) ## set up and start the portal with its worker and a demo
	$(PY) -m portal run

test: $(TOOLS) $(MO) ## the whole suite: SQLite, PostgreSQL, Redis, mail, browser
	@echo "browser: $$($(PY) scripts/browser.py)"
	@$(PY) -m tests $(PYTEST_ARGS)

check: $(TOOLS) ## lint and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench: $(TOOLS) $(MO) ## measure, and print the tables of bench/README.md
	$(PY) -m bench.quotes
	$(PY) -m bench.pages
	$(PY) -m bench.billing
	$(PY) -m bench.search
	$(PY) -m bench.leaks

lock: ## write the locks (to run, and to develop) from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock
	uv pip compile pyproject.toml -c requirements-dev.lock --universal --generate-hashes --no-emit-index-url --no-header -o requirements.lock

vendor: ## fetch the browser-side libraries again (needs npm)
	sh scripts/vendor.sh

messages: $(STAMP) ## collect the texts into the translation catalogues
	$(VENV)/bin/pybabel extract -F babel.cfg -k _l -k N_ -k ngettext:1,2 -o portal/translations/messages.pot --no-location --omit-header --project foyer .
	$(VENV)/bin/pybabel update -i portal/translations/messages.pot -d portal/translations --no-fuzzy-matching

wheel: $(TOOLS) $(MO) ## build the wheel into dist/
	$(PY) -m hatchling build -t wheel

clean: ## remove what the commands above made (never instance/)
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache
