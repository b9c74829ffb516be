VENV := .venv
PY   := $(VENV)/bin/python
RUN  := $(VENV)/bin/securevideo-billing

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench golden lock pictures

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installed ## install the locked requirements and this project into .venv

$(VENV)/.installed: requirements.lock pyproject.toml
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

demo: setup ## bill a made-up clinic from the simulated vendor; says which files to open
	$(RUN) demo

test: lint ## every check
	$(PY) -m pytest --numprocesses auto --dist loadfile

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

lock: ## renew requirements.lock from pyproject.toml (needs uv on the PATH)
	uv pip compile pyproject.toml --group dev --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet -o requirements.lock
