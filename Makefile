# make demo    set everything up, then the study in small, into demo/ (no GPU, no network after the set-up)
# make test    set up what is missing, then the tests
# make check   format, lint, types
# make endurance   a training killed 100 times and started again (minutes)

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check format endurance clean

# The mark is newer than requirements.txt when all that it names is installed.
.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed: make PYTHON=python3.12 …'; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

# One thread: digits are too small for two.
DEMO := --threads 1 --results-dir demo/results --checkpoint-dir demo/checkpoints
DEMO_RUNS := digits-smallcnn-erm-seed0 digits-smallcnn-erm-seed1 digits-smallcnn-mixup1.0-seed0

demo: .venv/installed
	$(BIN)/python scripts/train.py --dataset digits $(DEMO)
	$(BIN)/python scripts/train.py --dataset digits --seed 1 $(DEMO)
	$(BIN)/python scripts/train.py --dataset digits --mixup $(DEMO)
	$(BIN)/python scripts/interpolate.py $(DEMO_RUNS) $(DEMO)
	$(BIN)/python scripts/attack.py $(DEMO_RUNS) $(DEMO)
	$(BIN)/python scripts/boundary.py --results-dir demo/results
	@echo
	@echo 'The records lie in demo/results: one a measurement. Next: your own data, or the run of the deck on CIFAR-10:'
	@echo '  . $(BIN)/activate'
	@echo '  accelerate launch scripts/train.py --mixup --plan'

# One thread: two would fight over two cores with the processes that the tests start.
test: .venv/installed
	OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/python -m pytest

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

endurance: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.endurance --kills 100

clean:
	rm -rf demo
