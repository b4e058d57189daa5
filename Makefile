# Everything happens in .venv; only Python >= 3.11 and make are assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: run test serve ui mlflow lint docs gallery lock bench bench-compaction bench-drift bench-explore bench-gates bench-intervals bench-policies bench-replay bench-report bench-scale bench-serving bench-sources bench-telco bench-training clean

run: $(VENV)
	$(BIN)/mlops-drift run glassware

test: $(VENV)
	$(BIN)/pytest

serve: $(VENV)
	$(BIN)/mlops-drift serve glassware

ui: $(VENV)
	$(BIN)/dagster dev

# The folder and the address are those of mlops_drift/settings.py.
mlflow: $(VENV)
	@echo "Open http://127.0.0.1:5000/#/experiments?workflowType=machine_learning"
	$(BIN)/mlflow ui --host 127.0.0.1 --port 5000 \
		--backend-store-uri "$$($(BIN)/python -c 'from mlops_drift import settings; print(settings.tracking_uri())')"

lint: $(VENV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=deploy/monitoring $(BIN)/mypy deploy/monitoring
	$(BIN)/lint-imports
	$(BIN)/python .ci/words.py

# Writes the pages, the dashboards and the alert rules that are generated from the code.
docs: $(VENV)
	$(BIN)/python docs/generate.py
	$(BIN)/python deploy/monitoring/generate.py

bench: $(VENV)
	$(BIN)/python benchmarks/day_cost.py

# Half a minute.
bench-compaction: $(VENV)
	$(BIN)/python benchmarks/compaction.py

# Makes environments for evidently and nannyml first; about twenty minutes.
bench-drift: $(VENV)
	$(BIN)/python benchmarks/drift_speed.py --profile
	$(BIN)/python benchmarks/drift_truth.py

# About two minutes.
bench-explore: $(VENV)
	$(BIN)/python benchmarks/explore.py

# About eight minutes.
bench-gates: $(VENV)
	$(BIN)/python benchmarks/gates.py

# About three minutes.
bench-intervals: $(VENV)
	$(BIN)/python benchmarks/intervals.py

# About five minutes.
bench-policies: $(VENV)
	$(BIN)/python benchmarks/policies.py

# About ten minutes, most of them for making the days.
bench-report: $(VENV)
	$(BIN)/python benchmarks/report.py

# An hour or two, of which `--days 120` is a tenth.
bench-replay: $(VENV)
	$(BIN)/python benchmarks/serving_replay.py

# The history takes an hour, the environment of evidently a minute; `--folder` keeps worlds.
bench-scale: $(VENV)
	$(BIN)/python benchmarks/scale.py start
	$(BIN)/python benchmarks/scale.py alternative
	$(BIN)/python benchmarks/scale.py large
	$(BIN)/python benchmarks/scale.py history

# Needs wrk, hey and taskset; about ten minutes.
bench-serving: $(VENV)
	$(BIN)/python benchmarks/serving_equal.py
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python -m benchmarks.serving_changes
	$(BIN)/python benchmarks/serving_kills.py

# About ten minutes.
bench-sources: $(VENV)
	$(BIN)/python -m benchmarks.sources

# About eight minutes; reads the Telco data from beside the checkout.
bench-telco: $(VENV)
	$(BIN)/python benchmarks/telco.py

# About two minutes; reads the same data.
bench-training: $(VENV)
	$(BIN)/python benchmarks/training_speed.py

$(VENV): $(VENV)/.complete

# The marker is written last, so that an interrupted installation is finished, not trusted.
$(VENV)/.complete: requirements.lock pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python >= 3.11 is needed: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Pins every dependency with its hashes for all platforms; needs uv.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-strip-extras \
		--extra dev pyproject.toml -o requirements.lock

# Takes the pictures of docs/gallery.md; needs Chromium, and about five minutes.
gallery: $(VENV)
	$(BIN)/python docs/gallery.py

# Deletes all state: tables, training sets, versions, runs, searches.
STATE := $(or $(MLOPS_DRIFT_DATA),data)
clean:
	rm -rf $(STATE)/lake $(STATE)/dev $(STATE)/staging $(STATE)/mlflow.db $(STATE)/mlartifacts \
		$(STATE)/studies.db* $(STATE)/dagster $(STATE)/locks $(STATE)/serving $(STATE)/reports
