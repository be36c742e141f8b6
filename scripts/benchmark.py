"""How fast is it, beside what a user would write or pick instead? Paired, in alternation, medians over repeats.

    accelerate launch scripts/benchmark.py train

Each contestant lives in a process of its own and waits while another has its turn, so that none gains from another's
settings, and what the machine does meanwhile meets all of them. Leaves results/benchmark/benchmark-<name>.json.
"""

import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import tqdm
from PIL import Image
from torch.nn import functional as F
from torch.optim import SGD
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from common import cli, costs, loop, models, processes, records
from common.chance import rng
from common.data.dataset import Part
from common.errors import UserError
from common.options.benchmark import LIMITS, BenchmarkOptions, MeasuredOptions
from common.options.fields import check_limits
from common.plan import draw

CLASSES = 10
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)  # CIFAR-10's
MATRIX = 2048  # side of the matrices whose product tells what the machine can do
WORKERS = (0, 1, 2)  # of the plain loop's DataLoader: the best of them competes

Turn = Callable[[], None]


def main(argv: Sequence[str] | None = None) -> Path:
    """returns the record's path"""
    asked = cli.parse(BenchmarkOptions, __doc__ or "", argv)
    check_limits(LIMITS, asked.measured, asked.run)
    accelerator = processes.start(asked.run.threads, None)
    if accelerator.num_processes > 1:
        raise UserError("The benchmark compares single processes; start it with one.")
    measured = asked.measured
    name = f"{measured.what}-preactresnet18-w{measured.width}-b{measured.batch_size}-{torch.get_num_threads()}threads"
    path = records.path_of(asked.run.results_dir, "benchmark", "benchmark", name)
    if path.exists() and not asked.run.overwrite:
        print(f"Measured already: {path}. To measure again, add --overwrite.")
        return path
    environment = records.environment(**processes.environment(accelerator))
    begun = time.perf_counter()
    steps = measured.steps or max(1, (64 // measured.width) ** 2)
    final = compare_training(measured, steps)
    config = asdict(measured) | {"steps": steps}
    record = {
        "schema": records.SCHEMA,
        "kind": "benchmark",
        "run": name,
        "config": config,
        "environment": environment,
        "parents": [],
        "final": final,
        "cost": {"seconds": time.perf_counter() - begun},
    }
    records.write(path, record)
    print(
        f"ours {final['ours_images_per_second']:.1f} images a second, {final['ratio_plain']:.2f} x the plain loop "
        f"({final['plain_images_per_second']:.1f}, {final['plain_workers']} workers), "
        f"{final['ratio_matmul']:.2f} of the machine's matrix product; record {path}"
    )
    return path


def compare_training(measured: MeasuredOptions, steps: int) -> dict[str, Any]:
    """Our step, the loop people write, and the machine's matrix product."""
    rows = steps * measured.batch_size
    flops = rows * costs.flops_per_row(_blueprint(measured.width))
    with Contest(torch.get_num_threads()) as contest:
        for workers in WORKERS:
            contest.enter(f"plain{workers}", plain_loop, measured, steps, workers)
        trial = contest.alternate([f"plain{workers}" for workers in WORKERS], repeats=2)
        best = min(trial, key=lambda name: min(trial[name]))
        contest.enter("ours", our_loop, measured, steps)
        contest.enter("twice", our_loop, measured, 2 * steps)
        contest.enter("matmul", matrix_product)
        seconds = contest.alternate([best, "ours", "matmul", "twice"], measured.repeats)
    ours, matmul = statistics.median(seconds["ours"]), statistics.median(seconds["matmul"])
    return {
        "ours_images_per_second": rows / ours,
        "plain_images_per_second": rows / statistics.median(seconds[best]),
        "plain_workers": int(best.removeprefix("plain")),
        "ours_gflops": flops / ours / 1e9,
        "matmul_gflops": 2 * MATRIX**3 / matmul / 1e9,
        "ratio_plain": _paired(seconds[best], seconds["ours"]),
        "ratio_matmul": _paired(seconds["matmul"], seconds["ours"]) * flops / (2 * MATRIX**3),
        "ratio_twice_the_rows": _paired(seconds["twice"], seconds["ours"]),
        "seconds": {"ours": seconds["ours"], "plain": seconds[best], "matmul": seconds["matmul"]},
    }


class Contest:
    """Contestants in processes of their own, of which one runs at a time."""

    def __init__(self, threads: int) -> None:
        self._spawn = multiprocessing.get_context("spawn")
        self._threads = threads
        self._contestants: dict[str, tuple[Any, Connection]] = {}

    def __enter__(self) -> "Contest":
        return self

    def __exit__(self, *_: object) -> None:
        for process, connection in self._contestants.values():
            connection.close()  # ends its loop, and with it the workers of its DataLoader
            process.join(timeout=10)
            process.kill()

    def enter(self, name: str, make: Callable[..., Turn], *arguments: Any) -> None:
        """Starts a contestant and lets it warm up, alone."""
        here, there = self._spawn.Pipe()
        process = self._spawn.Process(target=_serve, args=(there, self._threads, make, arguments))
        process.start()
        there.close()  # so that its end is noticed
        self._contestants[name] = (process, here)
        self._turn(name)

    def alternate(self, names: list[str], repeats: int) -> dict[str, list[float]]:
        """Seconds of each turn; every other round in the opposite order."""
        seconds: dict[str, list[float]] = {name: [] for name in names}
        for round_number in tqdm(range(repeats), unit="round", leave=False, disable=not sys.stderr.isatty()):
            for name in names if round_number % 2 == 0 else names[::-1]:
                seconds[name].append(self._turn(name))
        return seconds

    def _turn(self, name: str) -> float:
        connection = self._contestants[name][1]
        connection.send("turn")
        try:
            return connection.recv()
        except (EOFError, ConnectionResetError):
            raise UserError(
                f"The contestant {name} ended early, likely for lack of memory; lower --batch-size."
            ) from None


def _serve(connection: Connection, threads: int, make: Callable[..., Turn], arguments: tuple[Any, ...]) -> None:
    os.environ["OMP_NUM_THREADS"] = str(threads)
    torch.set_num_threads(threads)
    turn = make(*arguments)
    while _is_called(connection):
        begun = time.perf_counter()
        turn()
        if torch.accelerator.is_available():
            torch.accelerator.synchronize()
        connection.send(time.perf_counter() - begun)


def _is_called(connection: Connection) -> bool:
    try:
        return bool(connection.recv())
    except EOFError:
        return False


def our_loop(measured: MeasuredOptions, steps: int) -> Turn:
    """An epoch of so many steps, as train.py runs it."""
    accelerator = processes.start(torch.get_num_threads(), None)
    part = _images(steps * measured.batch_size).to(accelerator.device)
    network = models.build(_blueprint(measured.width), seed=0).to(accelerator.device)
    optimizer = SGD(network.parameters(), 0.1, 0.9, weight_decay=1e-4, fused=True)
    model, stepper = accelerator.prepare(network, optimizer)
    schedule = LambdaLR(optimizer, lambda _: 1.0)

    def turn() -> None:
        plan = draw(len(part), measured.batch_size, seed=0, epoch=1, alpha=1.0, lam_per="batch", pad=4)
        loop.train_epoch(accelerator, model, stepper, schedule, part, plan.to(accelerator.device), lambda: None)

    return turn


def plain_loop(measured: MeasuredOptions, steps: int, workers: int) -> Turn:
    """The loop people write: torchvision's data set with PIL transforms, a DataLoader, a random permutation for mixup,
    the loss read at every step."""
    device = _device()
    recipe = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    images = PILImages(
        _images(steps * measured.batch_size), transforms.Compose([*recipe, transforms.Normalize(MEAN, STD)])
    )
    loader = DataLoader(
        images,
        measured.batch_size,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=device.type == "cuda",
    )
    network = models.build(_blueprint(measured.width), seed=0).get_submodule("network")
    network = network.to(device).to(memory_format=torch.contiguous_format)
    optimizer = SGD(network.parameters(), 0.1, 0.9, weight_decay=1e-4)
    beta = torch.distributions.Beta(1.0, 1.0)

    def turn() -> None:
        network.train()
        running = 0.0
        for batch, labels in loader:
            x, y = batch.to(device), labels.to(device)
            lam, partner = beta.sample().item(), torch.randperm(len(x), device=device)
            logits = network(lam * x + (1 - lam) * x[partner])
            loss = lam * F.cross_entropy(logits, y) + (1 - lam) * F.cross_entropy(logits, y[partner])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            running += loss.item()

    return turn


def matrix_product() -> Turn:
    a, b = torch.rand(2, MATRIX, MATRIX, device=_device())

    def turn() -> None:
        torch.mm(a, b)

    return turn


class PILImages(Dataset[tuple[torch.Tensor, int]]):
    """What torchvision.datasets.CIFAR10 does with an image, on pixels that need no download."""

    def __init__(self, part: Part, transform: Callable[[Image.Image], torch.Tensor]) -> None:
        self._pixels = part.inputs.permute(0, 2, 3, 1).contiguous().numpy()
        self._labels = part.labels.tolist()
        self._transform = transform

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        return self._transform(Image.fromarray(self._pixels[row])), self._labels[row]


def _images(rows: int) -> Part:
    """Random pixels: how fast a step is does not depend on what they show."""
    pixels = rng("benchmark", rows).integers(256, size=(rows, 3, 32, 32), dtype=np.uint8)
    return Part(torch.from_numpy(pixels), torch.arange(rows) % CLASSES)


def _blueprint(width: int) -> models.Blueprint:
    return models.Blueprint("preactresnet18", width, tuple(map(str, range(CLASSES))), (3, 32, 32), MEAN, STD)


def _device() -> torch.device:
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def _paired(above: list[float], below: list[float]) -> float:
    """The median of the ratios, turn by turn."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


if __name__ == "__main__":
    sys.exit(cli.run(main))
