# `make run` and `make test` do everything on a fresh machine. Arguments of a command go in ARGS:
# `make simulate ARGS="--days 60 --per-day 300 --seed 1"`.

HOST ?= 127.0.0.1
PORT ?= 8000
ARGS ?=

PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BOOTSTRAP = $(or $(PYTHON),$(error 需要 Python 3.11 或更新版本：请先安装，例如 apt install python3 python3-venv)) -P hotline/ops/bootstrap.py
PY = .venv/bin/python
MANAGE = $(PY) manage.py
# The embedded servers for the time of one command; those of a running site are used as they are.
WITH_STACK = $(PY) -m hotline.localstack
CATALOGUE = locale/en/LC_MESSAGES/django.po

.DEFAULT_GOAL := run
.PHONY: run test setup setup-dev assets lint types check-migrations check-api pytest mutate simulate bench screenshots bundle messages upgrade clean

run: setup ; @$(MANAGE) up --host $(HOST) --port $(PORT) $(ARGS)
test: setup-dev lint types check-migrations check-api pytest

setup: ; @$(BOOTSTRAP) run
setup-dev: ; @$(BOOTSTRAP) test
assets: setup ; @$(PY) -P hotline/ops/assets.py

lint: setup-dev ; @$(PY) -m ruff check . && $(PY) -m ruff format --check . && .venv/bin/lint-imports
types: setup-dev ; @$(PY) -m mypy
check-migrations: setup-dev ; @$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
check-api: setup-dev ; @$(MANAGE) spectacular --validate --fail-on-warn --file /dev/null
# In as many processes as there are processors, each with servers of its own.
pytest: setup-dev ; @$(PY) -m pytest -n auto --dist loadfile $(ARGS)
# Each rule's guards are switched off in turn; its tests must notice. ARGS names rules or guards: R-031.
mutate: setup-dev ; @$(PY) -m tests.mutate $(ARGS)

simulate: setup ; @$(WITH_STACK) $(MANAGE) simulate $(ARGS)
bench: setup ; @$(MANAGE) bench $(ARGS)
screenshots: setup-dev ; @$(WITH_STACK) $(MANAGE) screenshots $(ARGS)

bundle: setup ; @$(PY) -P hotline/ops/bundle.py

# Collects the Chinese texts into the English catalogue and compiles it; both files are committed, so
# only who adds a text needs gettext. Fill in what is reported as untranslated, then run it again.
messages: setup
	@command -v xgettext >/dev/null || { echo "需要 gettext：请先安装，例如 apt install gettext" >&2; exit 1; }
	@.venv/bin/django-admin makemessages --locale en --no-location --no-obsolete \
		--ignore .venv --ignore node_modules --ignore static --ignore staticfiles --ignore tests
	@msgfmt --check --statistics --output-file $(CATALOGUE:.po=.mo) $(CATALOGUE)

upgrade: setup-dev ; @$(PY) -m pip list --outdated; npm outdated
clean: ; @rm -rf staticfiles static/vendor node_modules .mypy_cache .ruff_cache .import_linter_cache .hypothesis
