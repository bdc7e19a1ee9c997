# Two commands: `make run` serves the app, `make test` checks everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test clean

run: $(VENV)/run.installed
	$(BIN)/streamlit run app.py

test: $(VENV)/test.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@# Loops are compiled meanwhile, which each process of the tests would else do for itself.
	$(BIN)/python -c 'from ctr_app.training.warm_up import warm_up; warm_up()' & $(BIN)/mypy && wait
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder

$(VENV)/run.installed: requirements.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'CTR Lens needs Python 3.11 or newer.')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

$(VENV)/test.installed: requirements-dev.txt $(VENV)/run.installed
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV)
