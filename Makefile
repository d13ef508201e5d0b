# SPDX-FileCopyrightText: 2026 The selfhosted.prefect authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The one door for people and CI; `make` or `make help` lists what it opens.
SHELL := /bin/bash -eo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := $(CURDIR)/.venv
SUDO := $(if $(filter-out 0,$(shell id -u)),sudo)
VERSION := $(shell sed -n 's/^version: *//p' galaxy.yml)
# A clean copy of the collection where ansible's own tools want it, and what is built from it.
COPIES := build/ansible_collections
COPY := $(COPIES)/selfhosted/prefect
TARBALL := build/selfhosted-prefect-$(VERSION).tar.gz
# The environment's tools first, its collections found without any setting of the caller.
export PATH := $(VENV)/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(VENV)/collections
# pip trusts what the machine trusts, a company's own authority included, and not only what it brings along.
TRUSTED := /etc/ssl/certs/ca-certificates.crt
ifneq ($(wildcard $(TRUSTED)),)
export PIP_CERT ?= $(TRUSTED)
endif

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

# --- Environment ---------------------------------------------------------------------------------

# What a deployment needs. Debian keeps Python's venv module in a package of its own.
$(VENV)/.deploy: requirements/deploy.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Name another one with PYTHON=…")'
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(SUDO) apt-get update && $(SUDO) apt-get install --yes python3-venv; }
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements/deploy.txt
	mkdir -p $(VENV)/collections/ansible_collections/selfhosted
	ln -sfn $(CURDIR) $(VENV)/collections/ansible_collections/selfhosted/prefect
	touch $@

# What its checks and tests need besides.
$(VENV)/.dev: requirements/dev.txt $(VENV)/.deploy
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements/dev.txt
	touch $@

.PHONY: venv lock
venv: $(VENV)/.dev ## Make or refresh the Python environment in .venv

# From the public index alone, so that no pin exists only on the machine that made it.
COMPILE = PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= PIP_INDEX_URL=https://pypi.org/simple CUSTOM_COMPILE_COMMAND="make lock" \
  pip-compile --quiet --upgrade --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
lock: $(VENV)/.dev ## Pin the newest packages that requirements/*.in allow
	cd requirements && $(COMPILE) --output-file=deploy.txt deploy.in && $(COMPILE) --output-file=dev.txt dev.in

# --- Deployment ----------------------------------------------------------------------------------

INVENTORY ?= inventory/local
# Root needs no sudo; anybody else is asked for a password only where sudo asks for one.
BECOME := $(if $(SUDO),--become $(shell sudo --non-interactive true 2>/dev/null || echo --ask-become-pass))
PLAY := ANSIBLE_CONFIG=$(CURDIR)/ansible.cfg ansible-playbook --inventory $(INVENTORY) $(BECOME)

.PHONY: deploy check resources export remove purge
deploy: $(VENV)/.deploy ## Deploy to this machine and prove that flows run
	$(PLAY) playbooks/bootstrap.yml
	$(PLAY) playbooks/site.yml playbooks/verify.yml

check: $(VENV)/.deploy ## Show what 'make deploy' would change, and change nothing
	$(PLAY) --check --diff playbooks/bootstrap.yml
	$(PLAY) --check --diff playbooks/site.yml

# CHECK=1 shows what it would change, and changes nothing.
resources: $(VENV)/.deploy ## Bring the server's objects to what prefect_resources declares
	$(PLAY) $(if $(CHECK),--check --diff) playbooks/resources.yml

FILE ?= resources.yml
export: $(VENV)/.deploy ## Write the server's objects to FILE (resources.yml) as variables
	$(PLAY) --extra-vars '{"prefect_resources_export_file": "$(abspath $(FILE))"}' playbooks/export.yml

remove: $(VENV)/.deploy ## Remove the stack from this machine; the data volumes stay
	$(PLAY) playbooks/remove.yml

# FORCE=1 does not ask.
purge: $(VENV)/.deploy ## Remove the stack with all its data, after asking (or FORCE=1)
	@test "$(FORCE)" = 1 || { read -r -p "Remove the stack and all its data for good? Type 'purge': " answer && test "$$answer" = purge || { echo "Nothing was removed." >&2; exit 1; }; }
	$(PLAY) --extra-vars '{"prefect_remove_volumes": true}' playbooks/remove.yml
	rm -rf $(INVENTORY)/.secrets

# --- Tests ---------------------------------------------------------------------------------------

.PHONY: test releases properties bench
# Molecule's scenarios stay at the top level, where this collection's users look for them.
export MOLECULE_GLOB := molecule/*/molecule.yml
export MOLECULE_COMMAND_BORDERS := false
# Some stages alone: make test STAGES="unit molecule". KEEP_TESTBED=1 leaves the registry and the hosts for the next run.
test: $(VENV)/.dev ## Run every check and test
	python -m tests.run $(STAGES)

# 'make test' has the part of it that differed so far.
releases: $(VENV)/.dev ## Run the integration tests on every supported Prefect and database (about an hour)
	for release in 3.6 3.8 3.9; do for database in postgresql sqlite; do \
	  pytest tests/integration --prefect $$release --database $$database -m "not once" || exit 1; done; done

properties: $(VENV)/.dev ## Try what holds for any object on many more objects made at random (about an hour)
	pytest tests/integration/test_properties.py --hypothesis-profile=thorough --hypothesis-show-statistics

bench: $(VENV)/.dev ## Measure against docker compose, Prefect's CLI and the server's own limit, side by side
	python benchmarks/deploy.py
	python benchmarks/transport.py
	python benchmarks/resources.py

# --- Checks --------------------------------------------------------------------------------------

# Quick ones first; sanity, the longest, starts early enough to run beside the others.
LINT := ruff yamllint consistency sanity mypy ansible reuse changelog docs galaxy
.PHONY: lint sanity format $(LINT:%=lint-%)
lint: $(VENV)/.dev ## Run every static check (one alone: make lint-NAME)
	@$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=target $(LINT:%=lint-%)
	@echo "lint: $(words $(LINT)) checks passed"

$(LINT:%=lint-%): | $(VENV)/.dev

lint-ruff:
	ruff check
	ruff format --check

lint-yamllint:
	yamllint .

lint-consistency:
	python tests/lint/consistency.py

lint-mypy:
	mypy

# It checks syntax without an inventory, which ansible.cfg takes for a mistake.
lint-ansible:
	ANSIBLE_INVENTORY_UNPARSED_FAILED=false ansible-lint --nocolor

lint-reuse:
	reuse lint --quiet || reuse lint

lint-changelog:
	antsibull-changelog lint

# It asks git for the files of the collections referred to, and must not ask this checkout's for those in .venv.
lint-docs: | $(COPY)
	ANSIBLE_COLLECTIONS_PATH=build GIT_CEILING_DIRECTORIES=$(VENV) antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs dependent --disallow-unknown-collection-refs $(COPY)

# Galaxy's own import of what would be uploaded: a warning counts.
lint-galaxy: $(TARBALL)
	GALAXY_IMPORTER_RUN_ANSIBLE_LINT=false tests/lint/galaxy.sh $(TARBALL)

lint-sanity: | $(COPY)
	tests/lint/sanity.sh $(COPY)

# CORE=2.21 takes that ansible-core instead of the locked one (and PYTHON=… a Python that can run it).
sanity: $(if $(CORE),build/core-$(CORE)/bin/ansible-test,$(VENV)/.dev) | $(COPY) ## Run ansible-test sanity alone, with another ansible-core if CORE names one
	$(if $(CORE),PATH="$(CURDIR)/build/core-$(CORE)/bin:$$PATH") tests/lint/sanity.sh $(COPY)

build/core-%/bin/ansible-test:
	$(PYTHON) -m venv build/core-$*
	build/core-$*/bin/pip install --quiet --disable-pip-version-check "ansible-core~=$*.0"

format: $(VENV)/.dev ## Format the Python files
	ruff check --fix-only
	ruff format

# --- Artefacts -----------------------------------------------------------------------------------

.PHONY: build docs changelog $(COPY)
$(COPY):
	@tests/lint/tree.sh $@

$(TARBALL): $(COPY) | $(VENV)/.dev
	ansible-galaxy collection build --force --output-path build $(COPY)

build: $(TARBALL) ## Build the collection's tarball in build/

# Pages of every module and role, as HTML in build/docs.
docs: $(VENV)/.dev | $(COPY) ## Render the reference pages to build/docs/html
	rm -rf build/docs
	mkdir -p build/docs/source
	cp docs/conf.py build/docs/source/
	ANSIBLE_COLLECTIONS_PATH=build antsibull-docs collection --use-current --squash-hierarchy --fail-on-error --dest-dir build/docs/source selfhosted.prefect
	sphinx-build --quiet --fail-on-warning --builder html build/docs/source build/docs/html
	@echo "docs: build/docs/html/index.html"

changelog: $(VENV)/.dev ## Turn the fragments into the changelog of galaxy.yml's version
	antsibull-changelog release --update-existing
