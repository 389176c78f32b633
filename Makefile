# make setup   everything that the other targets need, in .venv/ (quick when nothing changed)
# make demo    a workspace with real history, then the console
# make test    all tests; some of them only: make test ARGS='-m "not slow" tests/engine'
# make later   those that take the time from the machine, a year and 40 days ahead (other moments: WHEN='2028-02-29 12:00')
# make system-packages   what some tests want from Debian; only as root, and only where there is apt-get
# make check   style and types
# make docs    a site of the pages in docs/, in site/; a link that leads nowhere is a failure
# make lock    resolve requirements/*.txt again from pyproject.toml (newer versions: ARGS=--upgrade)
# make clean   remove .venv/ and the caches of the tools
#
# PYTHON=python3.12 chooses the Python; without it, the first of PYTHONS that is 3.11 or later.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup .venv demo test later system-packages check docs lock clean

BIN := .venv/bin
STAMP := .venv/leverframe-setup
PYTHONS := $(if $(PYTHON),$(PYTHON),python3 python3.11 python3.12 python3.13 python3.14)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# What .venv is made from; the stamp holds their checksum, and the folder because an editable install names it.
INPUTS := Makefile pyproject.toml requirements/uv.txt requirements/dev.txt
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --universal --no-header --no-annotate --no-emit-index-url \
	--python-version 3.11

help:
	@sed -n '/^$$/q;s/^# \{0,1\}//p' Makefile

# Leverframe's own files are compiled each time: a machine that forbids writing bytecode would do it at every start.
setup:
	@key="$$(cat $(INPUTS) | cksum) $(PYTHON) $(CURDIR)"; \
	if [ "$$(cat $(STAMP) 2>/dev/null)" != "$$key" ] || ! $(BIN)/python -c '' 2>/dev/null; then \
		$(MAKE) --no-print-directory .venv && printf '%s\n' "$$key" > $(STAMP); \
	fi
	@$(BIN)/python -m compileall -q engine console

.venv:
	@set -e; \
	good= old= bare=; \
	for each in $(PYTHONS); do \
		said="$$($$each -c 'import sys; print(sys.version.split()[0], sys.version_info >= (3, 11))' 2>/dev/null)" \
			|| continue; \
		case "$$said" in *True) ;; *) old="$$old ($$each is $${said% *})"; continue;; esac; \
		if $$each -c 'import ensurepip, venv' 2>/dev/null; then good="$$each"; break; fi; \
		bare="$${bare:-$$each}"; \
	done; \
	if [ -z "$$good" ] && [ -n "$$bare" ]; then \
		echo "$$bare cannot make virtual environments (its ensurepip is missing);" \
			"on Debian or Ubuntu install the package python3-venv, then run make again." >&2; \
		exit 1; \
	elif [ -z "$$good" ]; then \
		echo "Leverframe needs Python 3.11 or later and found none among $(PYTHONS)$$old;" \
			"install one, or name it: make setup PYTHON=/path/to/python3.12" >&2; \
		exit 1; \
	fi; \
	rm -f $(STAMP); \
	which='import sys; print(sys.version, sys.base_prefix)'; \
	if [ "$$($(BIN)/python -c "$$which" 2>/dev/null)" != "$$($$good -c "$$which")" ]; then \
		echo "Making .venv with $$good"; \
		$$good -m venv --clear .venv; \
	fi; \
	echo "Installing the locked packages"; \
	$(PIP) --require-hashes --no-deps -r requirements/uv.txt; \
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements/dev.txt || { \
		echo "uv could not install them; trying pip, which may be set up for another registry" >&2; \
		$(PIP) --require-hashes --no-deps -r requirements/dev.txt; \
	}; \
	$(PIP) --no-deps --no-build-isolation --editable .

demo: setup
	@$(BIN)/leverframe demo $(ARGS)

# Five at a time, whole files each: half of a test is waiting for disk and processes. ARGS='-n 0' for one at a time.
PYTEST := $(BIN)/python -m pytest -n 5 --dist loadfile --no-loadscope-reorder
test: setup
	@$(PYTEST) $(ARGS)

# The clock of the tests, of the engines and of the consoles that they start; steps, git, uv and file systems keep theirs.
# datefudge moves it in the C library (Debian 12's libfaketime breaks every sleep of Python 3.11).
WHEN := 405 days
TAKES_THE_TIME := tests/cli tests/journeys $(addprefix tests/engine/,housekeeping jobs outbox reports rewind schedule pages)
later: setup
	@datefudge "$$(date -u -d '$(WHEN)' '+%F %T UTC')" \
		$(PYTEST) -m 'not slow or clock' $(TAKES_THE_TIME) $(ARGS)

# chromium opens the pages; datefudge moves the clock; OpenSSH's client and server come to the door and stand before it;
# R and two of its packages make the penguins sample, Java and PostgreSQL others; Git LFS and Subversion hold projects.
# Node, PostgreSQL and SQLite's shell run what was exported.
SYSTEM_PACKAGES := chromium datefudge git-lfs nodejs openjdk-17-jdk-headless openssh-client openssh-server postgresql \
	r-base-core r-cran-palmerpenguins r-cran-rpart sqlite3 subversion
system-packages:
	@missing=; for each in $(SYSTEM_PACKAGES); do \
		dpkg-query -W -f '$${db:Status-Status}' "$$each" 2>/dev/null | grep -qx installed || missing="$$missing $$each"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "Not installed, for want of root or of apt-get:$$missing" >&2; exit 0; \
	fi; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get update -qq </dev/null && apt-get install -qq -y --no-install-recommends $$missing </dev/null >/dev/null

check: setup
	@status=0; $(BIN)/ruff check . || status=1; $(BIN)/mypy || status=1; exit $$status

# MkDocs has an environment of its own, which is made when it is wanted: nothing but the site needs it.
DOCS := .venv/docs
docs: setup
	@set -e; key="$$(cksum < requirements/docs.txt)"; \
	if [ "$$(cat $(DOCS)/made 2>/dev/null)" != "$$key" ]; then \
		$(BIN)/python -m venv --clear $(DOCS); \
		$(DOCS)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps -r requirements/docs.txt; \
		printf '%s\n' "$$key" > $(DOCS)/made; \
	fi; \
	$(DOCS)/bin/mkdocs build --strict --clean; \
	echo "The site is made: $(CURDIR)/site/index.html"

# Locks that agree: the product with all tools, the product alone, the product for [compute], for MLflow, notifications,
# ONNX, databases and the SSH door, what makes the site of docs/, and uv alone for the first step of setup.
lock: setup
	$(LOCK) $(ARGS) --extra dask --extra mlflow --extra notify --extra onnx --extra sql --extra ssh --group dev pyproject.toml -o requirements/dev.txt
	$(LOCK) pyproject.toml -c requirements/dev.txt -o requirements/run.txt
	$(LOCK) --extra dask pyproject.toml -c requirements/dev.txt -o requirements/dask.txt
	$(LOCK) --extra mlflow pyproject.toml -c requirements/dev.txt -o requirements/mlflow.txt
	$(LOCK) --extra notify pyproject.toml -c requirements/dev.txt -o requirements/notify.txt
	$(LOCK) --extra onnx pyproject.toml -c requirements/dev.txt -o requirements/onnx.txt
	$(LOCK) --extra sql pyproject.toml -c requirements/dev.txt -o requirements/sql.txt
	$(LOCK) --extra ssh pyproject.toml -c requirements/dev.txt -o requirements/ssh.txt
	$(LOCK) --group docs -c requirements/dev.txt -o requirements/docs.txt
	echo uv | $(LOCK) - -c requirements/dev.txt -o requirements/uv.txt

clean:
	rm -rf .venv site .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find . -type d -name __pycache__ -prune -exec rm -rf {} +
