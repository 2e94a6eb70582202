# `make help` lists what can be done here.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
# On one machine: start the bundled PostgreSQL and Valkey around a command.
WITH_SERVERS := $(RUN) -m config.embedded
# The CPU index that PyTorch's "Get Started" page names, for machines without a GPU.
TORCH_INDEX ?=

.PHONY: help setup demo migrate constraints test test-all soak bench-recognition bench-detection bench-audit lint format lock screenshots clean

help: ## List what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/installed ## Create .venv and install exact versions

$(VENV)/installed: requirements.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: install a newer Python, or name it with PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: install it (Debian: apt-get install python3-venv)."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(RUN) -m pip install --no-compile --quiet --index-url $(TORCH_INDEX) $$(grep -oE '^torch(vision)?==[0-9.]+' requirements.txt))
	awk -v cpu='$(TORCH_INDEX)' '/^[a-z]/ {gpu = cpu && /^(torch|torchvision|triton|nvidia-|cuda-)/} !gpu' requirements.txt > $(VENV)/requirements.txt
	$(RUN) -m pip install --no-compile --no-deps --quiet --disable-pip-version-check -r $(VENV)/requirements.txt
	@touch $@

demo: setup ## Run the main job with fictional people, then serve on http://127.0.0.1:8000 (ARGS=--exit: don't serve)
	@$(WITH_SERVERS) $(RUN) manage.py demo $(ARGS)

migrate: setup ## Bring the database up to date, as the owner of its tables
	@$(WITH_SERVERS) sh -c 'DATABASE_URL="$${OWNER_DATABASE_URL:-$$DATABASE_URL}" $(RUN) manage.py migrate'

constraints: setup ## Write down what PostgreSQL says of each constraint (of bundled servers, or an empty DATABASE_URL)
	@VAR_DIR=$$(mktemp -d) $(WITH_SERVERS) sh -c 'export DATABASE_URL="$${OWNER_DATABASE_URL:-$$DATABASE_URL}"; \
		$(RUN) manage.py migrate --verbosity 0 && $(RUN) manage.py audit constraints --keep'

test: setup ## Run the tests (not the slow ones)
	@$(RUN) -m tests.browser
	$(RUN) -m pytest -m "not slow" -n 2 --dist loadfile $(ARGS)

test-all: setup ## Run all tests
	@$(RUN) -m tests.browser
	$(RUN) -m pytest $(ARGS)

soak: setup ## Ten thousand races for a signature, a thousand reviews by fifty people, a hundred random workflows
	COUNTERSIGN_RACES=10000 COUNTERSIGN_REVIEWS=1000 COUNTERSIGN_EXAMPLES=100 $(RUN) -m pytest -s \
		tests/test_review_races_many.py tests/test_many_reviews_at_once.py tests/test_review_state_machine.py $(ARGS)

bench-recognition: setup ## Compare upload to search with the models alone, on servers of its own (ARGS=--help: options)
	@$(RUN) -m bench.recognition $(ARGS)

bench-audit: setup ## Measure the audit log: rates, waits, sizes, verifiers (ARGS=--help: options)
	@$(RUN) -m bench.audit $(ARGS)

bench-detection: setup ## Compare a photograph of 12 megapixels with the same at 1 (ARGS=--check: fail above 2.5 times)
	@$(RUN) -m bench.detection $(ARGS)

lint: setup ## Check style, types, the import contract and migrations
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(WITH_SERVERS) sh -c 'DATABASE_URL="$${OWNER_DATABASE_URL:-$$DATABASE_URL}" $(RUN) manage.py makemigrations --check --dry-run'

format: setup ## Format the code
	$(VENV)/bin/ruff check --fix-only --quiet .
	$(VENV)/bin/ruff format .

lock: setup ## Renew requirements.txt from pyproject.toml
	$(VENV)/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--upgrade --quiet --no-annotate --custom-compile-command "make lock" -o requirements.txt

screenshots: setup ## Take the README's screenshots again
	@$(RUN) -m docs.screenshots

clean: ## Remove the bundled servers' data, uploads and weights
	rm -rf var
