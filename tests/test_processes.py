"""Several processes: the same run as one process, said once, and ended together."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import psutil
import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.tracking import get_available_trackers
from accelerate.utils import DistributedType, LoggerType
from refusal import refused

from common import checkpoints, cores, processes, records
from common.errors import UserError
from common.options.train import Tracker
from scripts import train

ROOT = Path(__file__).resolve().parent.parent
TRAIN = str(ROOT / "scripts" / "train.py")
BIN = Path(sys.executable).parent
# 103 rows in batches of 17, 37 to measure on: nothing divides by 2 or 4.
TABLE = ["--dataset", "breast_cancer", "--subset", "103", "--holdout", "37", "--epochs", "3", "--mixup"]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def torchrun(count, *arguments):
    return [
        str(BIN / "torchrun"),
        f"--nproc_per_node={count}",
        f"--master_port={29600 + os.getpid() % 300}",
        *arguments,
    ]


def launch(folder, command, **options):
    folder.mkdir(exist_ok=True)
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, **options)


def ranks(folder, count, *arguments):
    """As torchrun starts them, without torchrun: processes that are told of each other. returns what each
    said"""
    folder.mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1"}
    told["MASTER_PORT"] = str(port)
    started = [
        subprocess.Popen(
            [sys.executable, TRAIN, *arguments],
            cwd=folder,
            env=ENVIRONMENT | told | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(count)
    ]
    said = [process.communicate(timeout=300)[0] for process in started]
    assert [process.returncode for process in started] == [0] * count, said
    return said


def outcome(folder):
    """The record, and the weights it names."""
    (path,) = folder.glob("results/*/train-*.json")
    record = records.read(path)
    weights, _ = checkpoints.load_weights(folder / "checkpoints" / f"{record['run']}.safetensors", record["weights"])
    assert sorted(file.suffix for file in folder.rglob("*") if file.is_file()) == [".json", ".safetensors"]
    return record, weights


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


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition(), "waited in vain"


KEEPS_WITHIN = """
import sys
from common import cli
from scripts import train
train.LONG = train.SELDOM = 0
train.Keeper.is_due_after_an_epoch = lambda self: False
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
            command, cwd=folder, env=ENVIRONMENT | {"PYTHONPATH": str(ROOT)}, stdout=log, stderr=log
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


@pytest.mark.parametrize("is_first", [True, False])
def test_one_process_reads_the_data_while_the_others_wait_for_a_day(monkeypatch, is_first):
    done = []
    for name, value in (("num_processes", 2), ("is_local_main_process", is_first)):
        monkeypatch.setattr(Accelerator, name, property(lambda _, value=value: value))
    monkeypatch.setattr(torch.distributed, "new_group", lambda **how: done.append(how["timeout"].days) or "group")
    monkeypatch.setattr(torch.distributed, "barrier", done.append)
    processes._waiting.cache_clear()
    for _ in range(2):  # by one group, which is made once
        with processes.first_here(Accelerator(cpu=True)):
            done.append("reads")
    processes._waiting.cache_clear()
    assert done == ["reads", 1, "group", "reads", "group"] if is_first else [1, "group", "reads", "group", "reads"]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ACCELERATE_MIXED_PRECISION", "fp16", "--mixed_precision fp16: changes nothing on a CPU"),
        ("ACCELERATE_MIXED_PRECISION", "half", "--mixed_precision half: is none of no, bf16, fp16"),
        ("ACCELERATE_DYNAMO_BACKEND", "foo", "Accelerate does not take what its launcher"),
    ],
)
def test_a_launchers_setting_that_means_nothing_is_refused(monkeypatch, variable, value, said):
    """Without a word it would be fp32, recorded under another name."""
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(AcceleratorState, "_shared_state", {})
    refused(lambda: processes.start(1, None), said)


def test_gradient_accumulation_from_outside_is_refused(monkeypatch):
    monkeypatch.setenv("ACCELERATE_GRADIENT_ACCUMULATION_STEPS", "2")
    with pytest.raises(UserError, match="Gradient accumulation"):
        processes.start(1, None)


def test_networks_that_are_split_are_refused(monkeypatch):
    monkeypatch.setattr(Accelerator, "distributed_type", property(lambda _: DistributedType.FSDP))
    refused(lambda: processes.start(1, None), "FSDP: networks are trained whole on each device")


def test_processes_that_do_not_know_of_each_other_are_refused(monkeypatch):
    real = Accelerator.num_processes
    monkeypatch.setattr(Accelerator, "num_processes", property(lambda self: 3))
    with pytest.raises(UserError, match="The launcher started 1 processes, but Accelerate found 3"):
        processes.start(1, None)
    monkeypatch.setattr(Accelerator, "num_processes", real)


@pytest.fixture
def eight_cores(monkeypatch):
    monkeypatch.setattr(cores, "usable_cores", lambda: 8)
    monkeypatch.setattr(processes, "usable_cores", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    yield
    torch.set_num_threads(1)


def test_threads_are_shared_among_local_processes(monkeypatch, eight_cores):
    for local, threads in ((1, 8), (3, 2), (16, 1)):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(local))
        monkeypatch.setenv("WORLD_SIZE", "1")
        processes.start(None, None)
        assert torch.get_num_threads() == threads


@pytest.mark.parametrize(("said", "threads"), [("1", 1), ("3", 3), ("64", 8), ("2,1", 2), ("", 8), ("many", 8)])
def test_openmps_variable_is_a_limit(monkeypatch, eight_cores, said, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    processes.start(None, None)
    assert torch.get_num_threads() == threads
    processes.start(5, None)
    assert torch.get_num_threads() == 5  # the option says it for this run


@pytest.mark.parametrize(("launcher", "user", "threads"), [("1", None, None), ("1", "1", 1), ("4", "1", 4)])
def test_a_launchers_one_thread_is_not_the_users(monkeypatch, launcher, user, threads):
    """A launcher sets OMP_NUM_THREADS to 1 in its children; what it was started with itself is the user's."""
    parent = {} if user is None else {"OMP_NUM_THREADS": user}
    monkeypatch.setattr(psutil.Process, "parent", lambda self: self)
    monkeypatch.setattr(psutil.Process, "environ", lambda self: parent)
    monkeypatch.setenv("OMP_NUM_THREADS", launcher)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    assert cores._openmp_threads() == threads


def test_more_threads_than_cores_are_refused(monkeypatch, eight_cores):
    refused(lambda: processes.start(64, None), "--threads 64", "at most 8")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    refused(lambda: processes.start(3, None), "--threads 3", "at most 2")


def test_a_tiny_network_takes_one_thread_unless_told_otherwise(eight_cores):
    for asked, flops, threads in ((None, 5_000_000, 1), (None, 50_000_000, 8), (2, 5_000_000, 2)):
        processes.start(asked, None)
        processes.spare_threads(asked, flops)
        assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    ("device", "capabilities", "precision", "has", "is_emulated"),
    [
        ("cpu", {"avx2": True, "avx512_bf16": False, "amx_bf16": False}, "bf16", False, True),
        ("cpu", {"avx2": True, "avx512_bf16": False, "amx_bf16": False}, "no", False, False),
        ("cpu", {"avx2": True, "avx512_bf16": True}, "bf16", True, False),
        ("cpu", {"neon": True, "bf16": True}, "bf16", True, False),
        ("cpu", {}, "bf16", False, False),  # a release of torch that tells nothing
        ("mps", {"neon": True}, "bf16", False, False),
    ],
)
def test_whether_bfloat16_is_emulated(monkeypatch, device, capabilities, precision, has, is_emulated):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    accelerator = Accelerator(cpu=True, mixed_precision=precision)
    monkeypatch.setattr(accelerator.state, "device", torch.device(device))
    assert processes.has_bf16(torch.device(device)) is has
    assert processes.is_emulated(accelerator) is is_emulated


def test_the_trackers_are_those_of_accelerate():
    assert {*get_args(Tracker)} == {str(kind) for kind in LoggerType} - {"all"}


def test_a_tracker_that_is_not_installed_is_refused():
    missing = next(name for name in get_args(Tracker) if name not in map(str, get_available_trackers()))
    refused(lambda: processes.start(1, missing), f"--tracker {missing}", f"pip install {missing}", "tensorboard")


def test_a_tracker_that_does_not_begin_is_named(monkeypatch):
    accelerator = processes.start(1, None)

    def fail(*arguments):
        assert arguments == ("mixup-study", {"seed": 0}, {"wandb": {"name": "run"}})
        raise RuntimeError("no API key\nmore")

    monkeypatch.setattr(accelerator, "init_trackers", fail)
    refused(lambda: processes.track(accelerator, "wandb", "run", {"seed": 0}), "--tracker wandb", "no API key")


@pytest.fixture
def two_machines():
    """Two network namespaces joined by a cable, each with a shell prefix."""
    if not shutil.which("ip") or os.geteuid() != 0:
        pytest.skip("network namespaces need root and iproute2")
    names = [f"mixup{os.getpid() % 1000}{side}" for side in "ab"]
    commands = [f"ip netns add {name}" for name in names]
    commands += [f"ip link add {names[0]} netns {names[0]} type veth peer name {names[1]} netns {names[1]}"]
    for number, name in enumerate(names, 1):
        inside = f"ip netns exec {name} ip"
        commands += [f"{inside} addr add 10.77.0.{number}/24 dev {name}", f"{inside} link set lo up"]
        commands += [f"{inside} link set {name} up"]
    try:
        for command in commands:
            made = subprocess.run(command.split(), capture_output=True, text=True)
            if made.returncode:
                pytest.skip(f"no network namespaces here: {made.stderr.strip()}")
        yield [["ip", "netns", "exec", name] for name in names]
    finally:
        for name in names:
            pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split()
            for pid in pids:
                os.kill(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def on_both(machines, tmp_path, arguments):
    started = []
    for rank, machine in enumerate(machines):
        folder = tmp_path / f"machine{rank}"
        folder.mkdir(exist_ok=True)
        nodes = ["--nnodes=2", f"--node_rank={rank}", "--nproc_per_node=1", "--master_addr=10.77.0.1"]
        command = [*machine, str(BIN / "torchrun"), *nodes, "--master_port=29500", TRAIN, *arguments]
        log = (folder / "log").open("w")
        started.append(subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=log, stderr=log))
    return started


@pytest.mark.long
def test_two_machines_give_the_record_that_one_gives(two_machines, tmp_path):
    arguments = [*TABLE, "--batch-size", "17", "--threads", "1"]
    statuses = [process.wait(timeout=120) for process in on_both(two_machines, tmp_path, arguments)]
    assert statuses == [0, 0], (tmp_path / "machine0" / "log").read_text()
    ranks(tmp_path / "one", 2, *arguments)
    for rank in (0, 1):
        (tmp_path / f"machine{rank}" / "log").unlink()
    (one, weights), (two, others) = outcome(tmp_path / "one"), outcome(tmp_path / "machine0")
    assert two["weights"] == one["weights"]
    assert all(torch.equal(weights[name], others[name]) for name in weights)
    assert (two["curve"], two["final"]) == (one["curve"], one["final"])
    assert not list((tmp_path / "machine1").iterdir())  # the main machine alone writes


@pytest.mark.long
def test_the_loss_of_a_machine_ends_the_other_with_a_sentence(two_machines, tmp_path):
    arguments = ["--dataset", "digits", "--epochs", "300", "--width", "4"]
    first, second = on_both(two_machines, tmp_path, arguments)
    wait_for(lambda: list(tmp_path.glob("machine0/checkpoints/*.state")))
    for child in psutil.Process(second.pid).children(recursive=True):
        child.kill()
    second.kill()
    begun = time.monotonic()
    assert first.wait(timeout=60) != 0
    assert time.monotonic() - begun < 45
    assert (
        "Another process of this run has ended or is out of reach. The same" in (tmp_path / "machine0/log").read_text()
    )
    # The same command, on both machines, goes on.
    arguments = ["--dataset", "digits", "--epochs", "300", "--width", "4", "--plan"]
    statuses = [process.wait(timeout=120) for process in on_both(two_machines, tmp_path, arguments)]
    assert statuses == [0, 0]
