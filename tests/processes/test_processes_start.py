"""What the accelerator is started with: the launcher's settings, cores, precision, trackers; who reads first."""

from dataclasses import replace
from typing import get_args
from unittest.mock import Mock

import psutil
import pytest
import timm
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.tracking import get_available_trackers
from accelerate.utils import DistributedType, LoggerType
from torch import nn

from common import cli, cores, processes, runs
from common.errors import UserError
from common.options import TrainOptions
from common.options.train import Tracker
from tests.refusal import refused


@pytest.mark.parametrize("is_first", [True, False])
def test_one_process_reads_the_data_while_the_others_wait_for_a_day(monkeypatch, is_first):
    done = []
    for name, value in (("num_processes", 2), ("is_local_main_process", is_first)):
        monkeypatch.setattr(Accelerator, name, property(lambda _, value=value: value))
    monkeypatch.setattr(torch.distributed, "new_group", lambda **how: done.append(how["timeout"].days) or "group")
    monkeypatch.setattr(torch.distributed, "barrier", done.append)
    processes._waiting.cache_clear()
    for _ in range(2):  # by one group, which is made once, before the work that may fail
        with processes.first_here(Accelerator(cpu=True)):
            done.append("reads")
    processes._waiting.cache_clear()
    assert done == [1, *(("reads", "group") if is_first else ("group", "reads")) * 2]


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


def test_more_processes_than_gpus_are_refused(monkeypatch):
    """NCCL would end them with a sentence on a lost connection, also where a queue binds them to some."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    refused(lambda: processes.start(1, None), "2 processes for 1 GPU: start one for each", "ACCELERATE_USE_CPU=1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    refused(processes._check_gpus, "2 processes for 1 GPU")
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    processes._check_gpus()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotImplementedError("Using RTX 4000 series … Please set `NCCL_P2P_DISABLE`"), "NCCL_P2P_DISABLE"),
        (RuntimeError("connection refused"), "The processes cannot reach each other"),
    ],
)
def test_what_accelerate_does_not_take_is_said(monkeypatch, error, said):
    def start(*args, **how):
        raise error

    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setattr(processes, "Accelerator", start)
    refused(lambda: processes.start(1, None), said)


def test_a_full_gpu_is_no_lost_connection(monkeypatch):
    def full(*args, **how):
        raise torch.AcceleratorError("CUDA error: out of memory")

    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setattr(processes, "Accelerator", full)
    with pytest.raises(RuntimeError, match="out of memory"):
        processes.start(1, None)


def test_gradients_are_measured_in_full_precision():
    """Accelerate turns TF32 on where its launcher compiles, and torch of convolutions always."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    processes.full_precision()
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.fixture
def synchronised(monkeypatch):
    """An accelerator that synchronises BatchNorm, though it is a CPU."""
    monkeypatch.setattr(processes, "batchnorm_over", lambda accelerator: "synchronised")
    return Accelerator(cpu=True)


@pytest.mark.parametrize("name", ["resnet10t", "efficientnet_lite0", "regnetx_002"])
def test_synchronised_batchnorm_keeps_what_follows_it(synchronised, name):
    """timm's BatchNormAct2d is a BatchNorm with its activation, which torch's conversion drops."""
    network = timm.create_model(name, num_classes=5).eval()
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        before = network(x)
        converted = processes.synchronise_batchnorm(synchronised, network).eval()
        assert any(isinstance(layer, nn.SyncBatchNorm) for layer in converted.modules())
        assert torch.equal(converted(x), before)


def test_a_layer_that_torch_would_replace_by_less_is_refused(synchronised):
    class Louder(nn.BatchNorm2d):
        def forward(self, x):
            return 2 * super().forward(x)

    said = "--model: its layers Louder are BatchNorm and something more"
    refused(lambda: processes.synchronise_batchnorm(synchronised, nn.Sequential(Louder(3))), said)


@pytest.mark.parametrize(
    ("precision", "subset", "is_refused"), [("bf16", 130, True), ("bf16", 144, False), ("no", 130, False)]
)
def test_in_half_precision_each_process_needs_a_row_of_each_batch(monkeypatch, precision, subset, is_refused):
    """Of one without, torch's synchronised BatchNorm gathers numbers of another width."""
    monkeypatch.setattr(processes, "batchnorm_over", lambda accelerator: "synchronised")
    accelerator = Mock(spec=Accelerator, num_processes=16, mixed_precision=precision)
    asked = cli.parse(TrainOptions, "", ["--dataset", "digits", "--batch-size", "64", "--subset", str(subset)])
    run = runs.describe(asked.asked, asked.source())
    said = (
        "--batch-size 64: leaves 2 of 130 rows for the last batch, and 16 processes in half precision need a row each"
    )
    refused(lambda: run.check_shares(accelerator), said) if is_refused else run.check_shares(accelerator)


@pytest.mark.parametrize(
    ("model", "count", "is_refused"),
    [("preactresnet18", 2, True), ("preactresnet18", 1, False), ("smallcnn", 2, False)],
)
def test_on_cpus_batchnorm_of_single_values_needs_two_rows_of_each_process(monkeypatch, model, count, is_refused):
    """Of 40 digits in batches of 19 the last two are left, and PreAct ResNet-18 brings 8 x 8 down to 1 x 1."""
    over = "per process" if count > 1 else "one process"
    monkeypatch.setattr(processes, "batchnorm_over", lambda accelerator: over)
    accelerator = Mock(spec=Accelerator, num_processes=count, mixed_precision="no")
    argv = ["--dataset", "digits", "--subset", "40", "--batch-size", "19", "--model", model, "--width", "4"]
    asked = cli.parse(TrainOptions, "", argv)
    run = runs.describe(asked.asked, asked.source())
    said = "--batch-size 19: leaves 2 of 40 rows for the last batch, and 2 processes of a CPU need two rows each"
    refused(lambda: run.check_shares(accelerator), said) if is_refused else run.check_shares(accelerator)


def test_what_trains_nothing_needs_no_rows(monkeypatch):
    """As given weights that are measured as they are."""
    monkeypatch.setattr(processes, "batchnorm_over", lambda accelerator: pytest.fail("asked"))
    asked = cli.parse(TrainOptions, "", ["--dataset", "digits", "--width", "4"])
    run = runs.describe(asked.asked, asked.source())
    replace(run, config=replace(run.config, epochs=0)).check_shares(Accelerator(cpu=True))


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
