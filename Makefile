# Two commands on a fresh machine: `make demo` and `make test`. Everything else is for those who work on ragkb.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_KB := .demo/kb

.PHONY: demo test check format nightly clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(VENV)/.installed  ## install, ingest the sample corpus, ask two questions
	$(BIN)/ragkb --kb $(DEMO_KB) ingest sample_corpus
	@echo
	$(BIN)/ragkb --kb $(DEMO_KB) ask "How many days a week may I work from home?"
	@echo
	$(BIN)/ragkb --kb $(DEMO_KB) ask "出差住宿标准是多少？"
	@echo
	@echo "Yours to try:  $(BIN)/ragkb --kb $(DEMO_KB) ask '...'   and   $(BIN)/ragkb --kb $(DEMO_KB) serve"

test: $(VENV)/.installed-dev check  ## everything that has to hold before a change lands
	$(BIN)/python -m pytest -n 2

check: $(VENV)/.installed-dev  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev  ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .demo .pytest_cache .mypy_cache .ruff_cache
