"""Two machines."""

import os
import re
import shutil
import signal
import subprocess
import time

import psutil
import pytest
import torch

from tests.processes.launched import BIN, ENVIRONMENT, TABLE, TRAIN, outcome, ranks, wait_for


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
    said = (tmp_path / "machine0/log").read_text()
    assert re.search(r"Another process of this run has ended or is out of reach \(.+\)\. The same", said)
    # The same command, on both machines, goes on.
    arguments = ["--dataset", "digits", "--epochs", "300", "--width", "4", "--plan"]
    statuses = [process.wait(timeout=120) for process in on_both(two_machines, tmp_path, arguments)]
    assert statuses == [0, 0]
