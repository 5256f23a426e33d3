# make demo   the main job, on a gateway that is emulated here for it; needs no root
# make test   every test
# make test-fast  what a change of a rule or of a verb breaks first, in a minute; needs no root and boots no gateway
# make lint   style, types, the floors of the house, shell scripts, the collection for Ansible
# make sanity  what Ansible's own tests say of the collection; takes minutes the first time
# make fuzz   hostile manifests, sources, archives and settings, for half an hour
# make chaos  deploys to booted gateways with something going wrong: CASES=1000 SEED=...
# make chaos-fleet  rollouts to 200 gateways with everything going wrong: GATEWAYS=200 KILLS=200 SEED=...
# make crash  power cuts, block by block: BOOTS=100 of each recording, ON=systemd-dash-ordered, SEED=...; or one again:
#             RECORDING=folder STATE=upgrade:12.1 SEED=...; or that a fault is found again: WITHOUT=history-with-nuls
# make bench  measurements, side by side with what one would use otherwise
# make bench-deploy  the same for deploys, over slow links that it makes; wants root as the tests of gateways do
# make lowest  the fast tests with the lowest versions of all dependencies that pyproject.toml allows
# make test-pythons  the tests that need no root, under each Python of the classifiers that is found here
# make docs   the documentation site
# make vscode  the extension for VS Code: editors/vscode/bundlekit.vsix
# make mutation  how many faults put into the rules their tests tell

PYTHON ?= python3
BIN := .venv/bin
RUNTIME := .venv/runtime
INSTALLED := .venv/installed
OTHERS := .venv/others
ANSIBLE := .venv/ansible
ANSIBLE_LINT := .venv/ansible-lint
OLDEST_ANSIBLE := .venv/ansible-oldest
LOWEST := .venv/lowest
COMPILED := .venv/compiled

# uv takes a fraction of the time, but knows no settings of pip, such as a mirror: where it fails, pip does it.
INSTALL = $(BIN)/uv pip install --quiet --python .venv $(1) || $(BIN)/pip install --quiet $(1)

.PHONY: demo test test-fast test-ready lint lint-types lint-rest sanity fuzz chaos chaos-fleet crash bench bench-deploy \
  lowest mutation test-pythons docs vscode clean packages box
.DELETE_ON_ERROR:

demo: $(RUNTIME)
	$(BIN)/python -m demo

# Five at a time on two processors: many wait for gateways most of their time.
test: export PYTHONDONTWRITEBYTECODE =
test: test-ready
	rm -f .pytest_cache/v/cache/lastfailed
	$(BIN)/pytest -n 5 --dist loadgroup -m "not browser" || $(BIN)/python -m tests.once_more
	$(BIN)/pytest -n 2 -m browser tests/emulator/console || $(BIN)/python -m tests.once_more

# What the tests need. Little of it takes more than one processor, so CI does it beside the linters.
test-ready: box $(INSTALLED) $(ANSIBLE)/ready $(OLDEST_ANSIBLE)/ready $(COMPILED)
	$(BIN)/python -m compileall -q bundlekit

box: $(RUNTIME) packages
	$(BIN)/python -m tests.box.build

# Python keeps what it has compiled, even where it is told not to, or each of hundreds of processes would do so again; and
# one process compiles the tests for all that run them.
test-ready $(COMPILED): export PYTHONDONTWRITEBYTECODE =
$(COMPILED): $(wildcard tests/*.py tests/*/*.py tests/*/*/*.py) $(INSTALLED) | packages
	$(BIN)/pytest -qq --collect-only >$@ || { tail -n 100 $@; rm $@; exit 1; }

# A test that boots a gateway and has no marker fails here, and one that has become slow is named at the end.
test-fast: export BUNDLEKIT_TESTS = fast
test-fast: $(INSTALLED)
	$(BIN)/pytest -q -n auto --durations 5 --durations-min 1 -m "not gateway and not browser and not slow" tests/bundle \
	  tests/cli tests/deploy tests/export tests/fleet tests/lint tests/pack tests/scaffold tests/source tests/test_*.py

lint: lint-types lint-rest

lint-types: $(INSTALLED)
	$(BIN)/mypy

lint-rest: $(INSTALLED) $(ANSIBLE_LINT)/ready packages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m bundlekit.remote.script | shellcheck -
	$(BIN)/zizmor --offline --no-progress --quiet .github action.yml
	git ls-files -z '*.sh' .ci/run | grep -zv '^bundlekit/remote/script/' | xargs -0 shellcheck
	cd ansible_collections/bundlekit/thingspro && PATH="$(CURDIR)/$(ANSIBLE_LINT)/bin:$$PATH" \
	  ANSIBLE_COLLECTIONS_PATH="$(CURDIR)" ansible-lint -q
	$(ANSIBLE_LINT)/bin/ansible-builder create --context $(ANSIBLE_LINT)/context \
	  --file ansible_collections/bundlekit/thingspro/execution-environment.yml >/dev/null

sanity: $(INSTALLED) $(ANSIBLE)/ready $(OLDEST_ANSIBLE)/ready
	$(BIN)/python -m tests.ansible.sanity ansible
	$(BIN)/python -m tests.ansible.sanity ansible-oldest

fuzz: $(INSTALLED)
	$(BIN)/pip install --quiet --group fuzz
	BUNDLEKIT_FUZZ=long $(BIN)/pytest -n 2 tests/lint/test_fuzz.py
	$(BIN)/python -m fuzz

chaos: $(INSTALLED) packages
	$(BIN)/python -m tests.chaos $(if $(CASES),--cases $(CASES)) $(if $(SEED),--seed $(SEED))

chaos-fleet: $(INSTALLED) packages
	$(BIN)/python -m tests.fleet.chaos $(if $(GATEWAYS),--gateways $(GATEWAYS)) $(if $(KILLS),--kills $(KILLS)) \
	  $(if $(SEED),--seed $(SEED))

crash: $(INSTALLED) packages
	$(BIN)/python -m tests.crash $(if $(SEED),--seed $(SEED)) $(if $(ON),--on $(ON)) $(if $(BOOTS),--boots $(BOOTS)) \
	  $(if $(PRODUCT),--product $(PRODUCT)) $(if $(WITHOUT),--without $(WITHOUT)) \
	  $(if $(RECORDING),--recording $(RECORDING) --state $(STATE))

bench: $(INSTALLED) packages
	$(BIN)/pip install --quiet --group bench
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.emulator
	$(BIN)/python -m benchmarks.editor
	$(BIN)/python -m benchmarks.validate
	$(BIN)/python -m benchmarks.pack

bench-deploy: $(INSTALLED) packages
	$(BIN)/python -m venv $(OTHERS)
	$(OTHERS)/bin/pip install --quiet --upgrade 'pip>=26.2'
	$(OTHERS)/bin/pip install --quiet --group others
	$(BIN)/python -m benchmarks.deploy
	$(BIN)/python -m benchmarks.verbs
	$(BIN)/python -m benchmarks.handover
	$(BIN)/python -m benchmarks.processes
	$(BIN)/python -m benchmarks.fleet

lowest: $(INSTALLED)
	$(BIN)/uv venv --quiet --clear $(LOWEST)
	$(BIN)/uv pip install --quiet --python $(LOWEST) --resolution lowest-direct --editable '.[emulator]' \
	  'hypothesis>=6.100' 'pexpect>=4.9' 'pytest>=9.0.3' 'pytest-timeout>=2.3' 'pytest-xdist>=3.6'
	$(LOWEST)/bin/python -m pytest -n 2 tests/bundle tests/pack tests/scaffold/test_other_template.py \
	  tests/scaffold/test_rendering.py tests/lint/test_rules.py tests/lint/test_schema.py tests/lint/test_settings.py \
	  tests/cli/test_validate.py tests/emulator/test_rest.py

docs: $(INSTALLED)
	$(BIN)/python -m website

test-pythons: $(INSTALLED)
	$(BIN)/python -m tests.pythons

mutation: $(INSTALLED)
	$(BIN)/pip install --quiet --group mutation
	rm -rf mutants
	$(BIN)/mutmut run
	$(BIN)/mutmut export-cicd-stats
	$(BIN)/python -m benchmarks.mutants

$(RUNTIME): pyproject.toml hatch_build.py bundlekit/emulator/sdk/requirements.txt bundlekit/emulator/sdk/folder.sha256
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "bundlekit needs Python 3.11 or later; '$(PYTHON)' is older or missing. Name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "this Python has no venv: sudo apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade 'pip>=26.2' 'uv>=0.11.7'
	$(call INSTALL,--editable '.[emulator]')
	@touch $@

# No package may run a script of its own on this machine; none of these needs to.
vscode:
	cd editors/vscode && npm ci --ignore-scripts --no-audit --no-fund --silent
	cd editors/vscode && npm run --silent check && npm run --silent test
	cd editors/vscode && npm run --silent build && npm run --silent package

$(INSTALLED): $(RUNTIME)
	$(call INSTALL,--editable . --group dev --group docs)
	@touch $@

# The newest Ansible that this Python takes, and the oldest that the collection is for.
$(ANSIBLE)/ready $(OLDEST_ANSIBLE)/ready: pyproject.toml | $(INSTALLED)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	$(BIN)/uv pip install --quiet --python $(@D) --editable . --group ansible \
	  $(if $(findstring oldest,$@),'ansible-core<2.17')
	@touch $@

# One after the other: both build bundlekit, and a build clears and checks sdk/ of this folder.
$(OLDEST_ANSIBLE)/ready: | $(ANSIBLE)/ready

$(ANSIBLE_LINT)/ready: pyproject.toml | $(INSTALLED)
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(@D)
	$(BIN)/uv pip install --quiet --python $(@D) --group ansible-lint
	@touch $@

# Debian packages with the real servers and tools that tests and demo use; asks for root by sudo where it has to.
packages:
	@sh tests/install-debian-packages.sh

clean:
	rm -rf editors/vscode/node_modules .venv sdk dist build mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
