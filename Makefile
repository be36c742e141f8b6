# make demo    set everything up, then a small version of the study, into demo/ (no GPU, no network after the set-up)
# make test    set up what is missing, then the tests, over two cores (WORKERS=4: over four)
# make test-all  and those that take long: trainings killed again and again, studies stopped, two machines
# make check   format, lint, types; that README, notebook and figures are what the records give
# make report  make them anew from the records, and results/report.html: the whole study on one page
# make endurance   a training killed 100 times and started again (minutes)

PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2

.PHONY: demo test test-all check report format endurance clean

# The mark is newer than requirements.txt when all that it names is installed.
.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed: make PYTHON=python3.12 …'; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

demo: .venv/installed
	$(BIN)/python scripts/study.py demo --results-dir demo/results --checkpoint-dir demo/checkpoints
	$(BIN)/python -m analysis.report --results-dir demo/results
	@echo 'Open it in a browser. Next, on real CIFAR-10:'
	@echo '  . $(BIN)/activate && python scripts/study.py few-cifar --plan'

# One thread: two would fight over two cores with the processes that the tests start.
TESTS := OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal

test: .venv/installed
	$(TESTS) -m 'not long'

test-all: .venv/installed
	$(TESTS)

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m analysis.report --check

report: .venv/installed
	$(BIN)/python -m analysis.report

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

endurance: .venv/installed
	OMP_NUM_THREADS=1 PYTHONPATH=scripts $(BIN)/python -m tests.endurance --kills 100

clean:
	rm -rf demo
