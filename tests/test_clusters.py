"""What README and `study.py --print` say to type on a cluster, typed: SLURM with one node here, and GNU parallel."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from common import records
from scripts import study

ROOT = Path(__file__).resolve().parent.parent
TRAIN = ["--dataset", "digits", "--width", "4", "--threads", "1", "--mixup"]
STUDY = """
judged: no
train: {dataset: wine, epochs: 1, width: 4, threads: 1, mixup: [no, yes]}
interpolate: {pairs: 20, points: 2, threads: 1}
"""
CONFIGURATION = """
ClusterName=here
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
# slurmd starts a thread for each connection, and torch's processes look for each other on the loopback.
pytestmark = [pytest.mark.long, pytest.mark.by_python]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """The environment in which SLURM's commands speak to a scheduler of one node, which ends with the tests."""
    if not all(map(shutil.which, ("slurmctld", "slurmd", "sbatch"))):
        pytest.skip("SLURM is not installed (apt-get install slurm-wlm)")
    folder = tmp_path_factory.mktemp("slurm")
    with socket.socket() as one, socket.socket() as other:
        free = [one, other]
        for each in free:
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in free]
    host, user = socket.gethostname().partition(".")[0], subprocess.check_output(["id", "-un"], text=True).strip()
    for name in ("state", "spool"):
        (folder / name).mkdir()
    configuration = folder / "slurm.conf"
    configuration.write_text(CONFIGURATION.format(host=host, ports=ports, user=user, folder=folder))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"SLURM_CONF": str(configuration), "PATH": path, "OMP_NUM_THREADS": "1"}
    with (folder / "log").open("w") as log:
        daemons = [
            subprocess.Popen([name, "-D"], env=environment, stdout=log, stderr=log) for name in ("slurmctld", "slurmd")
        ]
    try:
        wait_for(lambda: typed(environment, folder, "sinfo -h -o %t") == "idle", 60, folder / "log")
        yield environment
    finally:
        subprocess.run(["scancel", "--user", user], env=environment, capture_output=True)
        time.sleep(1)
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(timeout=60)


def typed(environment, folder, lines):
    """What a shell says to these lines."""
    done = subprocess.run(["bash", "-c", lines], cwd=folder, env=environment, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else f"{done.returncode}: {done.stderr}"


def wait_for(condition, seconds, log=None):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, log.read_text() if log else "waited in vain"
        time.sleep(0.3)


def printed(folder, monkeypatch, capsys, title):
    """A study's file, and the lines below this title that it is carried out by."""
    monkeypatch.chdir(folder)
    Path("own.yaml").write_text(STUDY)
    study.main(["./own.yaml", "--print"])
    text = capsys.readouterr().out
    Path("own.sh").write_text(text)
    below = text.partition(title)[2].splitlines()[1:]
    return [line.removeprefix("#   ") for line in below[: next((n for n, x in enumerate(below) if x[2] != " "), None)]]


MADE = ["interpolate"] * 2 + ["train"] * 2


def kinds(folder):
    """Of the records that are there."""
    return sorted(path.name.partition("-")[0] for path in (folder / "results" / "wine").glob("*.json"))


def test_a_study_as_two_arrays_of_which_the_second_waits_for_the_first(slurm, tmp_path, monkeypatch, capsys):
    lines = printed(tmp_path, monkeypatch, capsys, "by SLURM")
    assert [line.partition(" --wrap")[0] for line in lines] == [
        "job=$(sbatch --parsable --array 2-3",
        "job=$(sbatch --parsable --dependency afterany:$job --array 5-6",
    ]
    job = typed(slurm, tmp_path, "\n".join([*lines, "echo $job"]))
    assert job.isdecimal(), job
    wait_for(lambda: typed(slurm, tmp_path, "squeue -h") == "", 500)
    assert kinds(tmp_path) == MADE


def test_a_study_by_gnu_parallel(tmp_path, monkeypatch, capsys):
    if not shutil.which("parallel"):
        pytest.skip("GNU parallel is not installed (apt-get install parallel)")
    lines = printed(tmp_path, monkeypatch, capsys, "GNU parallel")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    typed(os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"}, tmp_path, "\n".join(lines))
    assert kinds(tmp_path) == MADE


def test_a_training_of_two_processes_is_cancelled_and_goes_on(slurm, tmp_path):
    """The script that scripts/README.md shows, on one machine without GPUs."""
    readme = (ROOT / "scripts" / "README.md").read_text()
    (script,) = re.findall(r"^```sh\n(#!/bin/bash\n#SBATCH.*?)```$", readme, re.M | re.S)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for ours, theirs in (
        ("--nodes=2 --gpus-per-node=4 --cpus-per-task=32", "--nodes=1 --cpus-per-task=2"),
        ("--nproc_per_node 4", "--nproc_per_node 2"),
        ("--master_port 29500", f"--master_port {port}"),
        ("scripts/train.py --mixup", " ".join([str(ROOT / "scripts" / "train.py"), *TRAIN, "--epochs $EPOCHS"])),
    ):
        assert script.count(ours) == 1, ours
        script = script.replace(ours, theirs)
    (tmp_path / "train.sh").write_text(script)

    def submit():
        job = typed(slurm | {"EPOCHS": "60"}, tmp_path, "sbatch --parsable --output log train.sh")
        assert job.isdecimal(), job
        return job

    job = submit()
    log = tmp_path / "log"
    wait_for(lambda: list(tmp_path.glob("checkpoints/*.state")), 300, log)
    typed(slurm, tmp_path, f"scancel {job}")
    wait_for(lambda: typed(slurm, tmp_path, "squeue -h") == "", 60)
    assert not (tmp_path / "results").exists()
    submit()
    wait_for(lambda: typed(slurm, tmp_path, "squeue -h") == "", 500)
    assert "Goes on after" in log.read_text()
    (path,) = tmp_path.glob("results/digits/train-*.json")
    assert records.read(path)["environment"]["processes"] == 2
