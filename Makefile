VENV := .venv
PY   := $(VENV)/bin/python
RUN  := $(VENV)/bin/securevideo-billing
PIP  := $(PY) -m pip install --quiet --disable-pip-version-check
T    := tests
FAST := tests/jobs/billing tests/jobs/config tests/jobs/securevideo tests/reports/formats
# One version of each library for every Python that is supported.
COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
           --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint bench golden lock pictures

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## bill a made-up clinic from the simulated vendor; says which files to open
	$(RUN) demo

setup: $(VENV)/.installed-dev ## install the locked requirements, those of the tests too, and this project into .venv

$(VENV)/.installed: requirements.lock pyproject.toml
	python3 -m venv $(VENV)
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

test: lint ## every check; of one part only: make test T=tests/jobs/billing
	$(PY) -m pytest --numprocesses auto --dist worksteal $(T)

check: lint ## lint and the fast tests, in under a minute
	$(PY) -m pytest --numprocesses auto --dist worksteal -m "not needs" $(FAST)

lint: setup ## ruff, mypy --strict, import-linter
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache

pictures: setup ## make the pictures of the README anew from the demo's output
	$(PY) -m docs.pictures

bench: setup ## measure run against a straightforward script, as a ratio in one run; and the receiver
	$(PY) -m benchmarks.compare

golden: setup ## renew the golden files from the present output, then look at the diff
	$(PY) -m pytest tests -k golden --renew-golden

lock: ## renew both lock files from pyproject.toml (needs uv on the PATH)
	$(COMPILE) --group dev --all-extras -o requirements-dev.lock
	$(COMPILE) --group build -c requirements-dev.lock -o requirements.lock
