"""Several processes: the same run as one process, said once, and ended together."""

import re
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest
import torch

from scripts import train
from tests.processes.launched import BIN, ENVIRONMENT, ROOT, TABLE, TRAIN, launch, outcome, ranks, torchrun, wait_for


# Of 3 rows, four processes get one or none; of 17, two get 8 and 9, which 3 pieces do not divide.
@pytest.mark.parametrize(
    ("batch_size", "count", "accumulate", "way"),
    [
        ("17", 2, "1", ""),
        ("3", 4, "1", ""),
        ("17", 2, "3", ""),
        pytest.param("17", 2, "1", "--mix hidden --neighbours 9 --partners 2 --noise 0.1", marks=pytest.mark.long),
        pytest.param("17", 2, "2", "--mix layer1 --pairs same-class --regmixup 0.5", marks=pytest.mark.long),
    ],
)
def test_many_processes_train_the_network_that_one_trains(tmp_path, monkeypatch, batch_size, count, accumulate, way):
    arguments = [*TABLE, "--batch-size", batch_size, "--threads", "1", *way.split()]
    (tmp_path / "one").mkdir()
    monkeypatch.chdir(tmp_path / "one")
    train.main(arguments)
    one, weights = outcome(tmp_path / "one")
    said = ranks(tmp_path / "many", count, *arguments, "--accumulate", accumulate)
    many, others = outcome(tmp_path / "many")
    assert (many["environment"]["processes"], many["environment"]["batchnorm"]) == (count, "per process")
    for name in weights:
        assert torch.allclose(weights[name], others[name], atol=1e-5), name
    for ours, theirs in zip(one["curve"], many["curve"], strict=True):
        assert ours["train"]["loss"] == pytest.approx(theirs["train"]["loss"], rel=1e-4)
        assert ours["test"]["errors"] == theirs["test"]["errors"]
    assert many["final"]["last_epoch"]["n"] == 37
    assert ["test error" in one for one in said] == [True] + [False] * (count - 1)  # one process prints


def test_batchnorm_with_empty_shares_ends_with_finite_weights(tmp_path):
    arguments = ["--dataset", "digits", "--subset", "31", "--epochs", "2", "--batch-size", "3", "--width", "4"]
    ranks(tmp_path / "4", 4, *arguments, "--threads", "1")
    _, weights = outcome(tmp_path / "4")
    assert all(torch.isfinite(tensor).all() for tensor in weights.values())


def test_accelerate_launch_starts_two_processes_that_know_of_each_other(tmp_path):
    command = [str(BIN / "accelerate"), "launch", "--multi_gpu", "--num_processes", "2", TRAIN, *TABLE]
    done = launch(tmp_path / "2", command)
    assert done.returncode == 0, done.stderr
    assert outcome(tmp_path / "2")[0]["environment"]["processes"] == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["--lr", "0"], "--lr 0: must lie"), pytest.param(["--mixp"], "--mixp", marks=pytest.mark.long)],
)
def test_a_usage_error_appears_once(tmp_path, arguments, sentence):
    done = launch(tmp_path / "2", torchrun(2, TRAIN, *arguments))
    assert done.returncode != 0
    assert done.stderr.count(sentence) == 1
    assert 'scripts/train.py", line' not in done.stderr  # no traceback of ours; the launcher has its own


def test_an_error_of_one_process_alone_is_said_by_it(tmp_path):
    """Such as a second machine without the data: the main process waits, and the launcher ends it."""
    wrapper = tmp_path / "train.py"
    wrapper.write_text(
        "import os, sys\n"
        "from common import cli, processes\n"
        "from common.cli import ending\n"
        "from common.errors import UserError\n"
        "ending.WAIT_FOR_SPEAKER = 1.0\n"
        "def main():\n"
        "    accelerator = processes.start(1, None)\n"
        "    if accelerator.process_index == 1:\n"
        "        raise UserError('No data here.')\n"
        "    accelerator.wait_for_everyone()\n"
        "sys.exit(cli.run(main))\n"
    )
    done = launch(tmp_path, torchrun(2, str(wrapper)))
    assert done.returncode != 0
    assert "[process 1] No data here." in done.stderr


def test_a_network_of_ones_own_may_have_parameters_that_it_does_not_use(tmp_path):
    """For whose gradients the processes would wait."""
    (tmp_path / "net.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Linear):\n"
        "    def __init__(self, num_classes, in_channels):\n"
        "        super().__init__(in_channels, num_classes)\n"
        "        self.unused = nn.Linear(3, 3)\n"
    )
    arguments = ["--dataset", "iris", "--model", f"{tmp_path / 'net.py'}:Net", "--epochs", "2"]
    ranks(tmp_path / "2", 2, *arguments, "--threads", "1")
    assert outcome(tmp_path / "2")[0]["environment"]["processes"] == 2


def test_who_waits_for_the_first_process_hears_of_its_end(tmp_path):
    """Not from the launcher: another machine has one of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        told = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    program = (
        "import sys\n"
        "from common import cli, processes\n"
        "from common.cli import ending\n"
        "from common.errors import UserError\n"
        "ending.WAIT_AFTER_LOSS = 0.0\n"
        "def main():\n"
        "    accelerator = processes.start(1, None)\n"
        "    with processes.first_here(accelerator):\n"
        "        raise UserError('No data here.')\n"
        "sys.exit(cli.run(main))\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=ENVIRONMENT | told | {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in "01"
    ]
    said = [process.communicate(timeout=120)[0] for process in started]
    assert "No data here." in said[0]
    assert "[process 1] Another process of this run has ended or is out of reach (" in said[1]


KEEPS_WITHIN = """
import sys
from common import cli
from _train import keeping
from scripts import train
keeping.LONG = keeping.SELDOM = 0
keeping.Keeper.is_due_after_an_epoch = lambda self: False
sys.exit(cli.run(train.main))
"""


def test_one_process_dying_ends_the_others_and_the_same_command_goes_on(tmp_path):
    """Within an epoch, each with a random stream of its own for dropout."""
    arguments = ["--dataset", "digits", "--epochs", "20", "--width", "4", "--threads", "1", "--dropout", "0.5"]
    program = tmp_path / "train.py"
    program.write_text(KEEPS_WITHIN)
    command = torchrun(2, str(program), *arguments)
    # To the bit only for as many processes, so the undisturbed run has two as well.
    ranks(tmp_path / "whole", 2, *arguments)
    folder = tmp_path / "killed"
    folder.mkdir()
    with (folder / "log").open("w") as log:
        running = subprocess.Popen(
            command, cwd=folder, env=ENVIRONMENT | {"PYTHONPATH": f"{ROOT}:{ROOT / 'scripts'}"}, stdout=log, stderr=log
        )
    wait_for(lambda: list(folder.glob("checkpoints/*.state")))
    workers = [child for child in psutil.Process(running.pid).children() if str(program) in child.cmdline()]
    workers[1].send_signal(signal.SIGKILL)
    begun = time.monotonic()
    assert running.wait(timeout=60) != 0
    assert time.monotonic() - begun < 45
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)
    (folder / "log").unlink()
    assert re.search(r"Goes on after \d+ of 12 steps of epoch \d+ of 20", ranks(folder, 2, *arguments)[0])
    (whole, _), (record, _) = outcome(tmp_path / "whole"), outcome(folder)
    assert record["weights"] == whole["weights"]
    assert record["curve"] == whole["curve"]
    assert record["final"] == whole["final"]
