"""Trainings as several processes, and what they leave."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from common import checkpoints, records

ROOT = Path(__file__).resolve().parents[2]
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


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition(), "waited in vain"
