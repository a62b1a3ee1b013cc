# Dynamical: see README.md. Every target sets up what it needs first; doing it twice costs a second.
PYTHON ?= python3
N ?= 20
SEED ?= 1
ONLY ?=
ARGS ?=
SHELL := /bin/bash
IN_ENV := . ./env.sh &&

.PHONY: setup setup-dev demo run trials test bench faults lint clean docs
.DEFAULT_GOAL := demo

setup:
	@$(PYTHON) setup_workspace.py

setup-dev:
	@$(PYTHON) setup_workspace.py --dev

demo: setup          ## a sentence in, the cup on the shelf: out/demo/
	@$(IN_ENV) python -m dynamical_bringup.demo.main $(ARGS)

run: setup           ## bring the platform up and stay up
	@$(IN_ENV) dynamical up

trials: setup        ## N random placements from SEED: out/trials/
	@$(IN_ENV) python -m dynamical_bringup.demo.trials --n $(N) --seed $(SEED)

bench: setup         ## figures against bare baselines: out/bench/ (ONLY=name for one)
	@$(IN_ENV) python -m dynamical_bringup.bench.main $(if $(ONLY),--only $(ONLY))

faults: setup        ## faults brought about in the running graph: out/faults/ (ONLY=name for one)
	@$(IN_ENV) python -m dynamical_bringup.faults.main $(if $(ONLY),--only "$(ONLY)") $(ARGS)

test: setup-dev      ## the whole suite
	@$(IN_ENV) python -m pytest

lint: setup-dev      ## ruff, mypy, import-linter
	@$(IN_ENV) ruff check . && ruff format --check . && mypy $(wildcard dynamical_*/dynamical_*) && lint-imports

docs: setup-dev      ## regenerate the tables in docs/
	@$(IN_ENV) python -m dynamical_bringup.docs

clean:               ## remove everything that set-up, build and runs have made here
	@rm -rf .venv build install log out
