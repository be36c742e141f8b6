"""How fast is it, beside what a user would write or pick instead? Paired, in alternation, medians over repeats.

    python scripts/benchmark.py train        a step of training, against the loop people write
    python scripts/benchmark.py mixup        the same step under mixup and under ERM: what mixup adds
    python scripts/benchmark.py attack       FGSM over epsilons and targets, and PGD, against torchattack
    python scripts/benchmark.py interpolate  misses over lambda, against a loop of forward passes
    python scripts/benchmark.py stream       batches of images that stay encoded, against ImageFolder and DataLoader

Leaves results/benchmark/benchmark-<name>.json.
"""

if __name__ == "__main__":
    import ready

    ready.answer("benchmark", __doc__)

import io
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.io import decode_jpeg
from tqdm import tqdm

from common import attacks, cli, costs, measurement, models, probes, processes, records, training
from common.chance import rng
from common.data import sources
from common.data.dataset import Part
from common.data.load import load
from common.data.sources import Reading
from common.errors import UserError
from common.matrix import Matrix
from common.measurement import Measurement
from common.mixup import ERM, InBlocks, Mixup, mix
from common.options.attack import Attack, AttackConfig
from common.options.attack import resolve as resolve_attack
from common.options.benchmark import BenchmarkOptions, MeasuredConfig, record_name, resolve
from common.plan import draw

CLASSES = 10
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)  # CIFAR-10's
MATRIX = 2048  # side of the matrices whose product tells what the machine can do
CROP = 224  # pixels a side
WORKERS = (0, 1, 2)  # of the plain loop's DataLoader: the best of them competes
EPSILONS = (1.0, 2.0, 4.0, 8.0, 16.0)  # attack.py's own, in 1/255
PGD_EPSILON, PGD_STEPS = 4.0, 4  # time is linear in the steps, so that a few tell it
POINTS = 21  # interpolate.py's own

Turn = Callable[[], Any]


def main(argv: Sequence[str] | None = None) -> Path | None:
    """returns the record's path, or None with --plan"""
    asked = cli.parse(BenchmarkOptions, __doc__, argv)
    accelerator = processes.start(asked.run.threads)
    if accelerator.num_processes > 1:
        raise UserError("The benchmark compares single processes; start it with one.")
    environment = records.environment(**processes.environment(accelerator))
    config = resolve(asked.measured)
    compare = COMPARE[config.what]
    name = record_name(config, torch.get_num_threads())
    path = records.path_of(asked.run.results_dir, "benchmark", "benchmark", name)
    one = Measurement("benchmark", name, path, config, compare, {}, precision=accelerator.mixed_precision)
    missing = measurement.missing(accelerator, asked.run, [one])
    said = measurement.listed([one], missing, f"turns of each, in alternation: {config.repeats}")
    measurement.announce(accelerator, asked.run, [one], missing, None, said)
    if asked.run.plan:
        return None
    for one in missing:
        begun = time.perf_counter()
        final, outcome = compare(config)
        measurement.write(accelerator, one, environment, final, {"seconds": time.perf_counter() - begun})
        processes.say(accelerator, f"{outcome}; record {path}")
    return path


class Contest:
    """Contestants that are timed in turns: the only figure that a shared machine leaves standing is a paired one.

    Each lives in a process of its own and waits while another has its turn, so that none gains from another's settings,
    and what the machine does meanwhile meets all of them.
    """

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

    def enter(self, name: str, make: Callable[..., Turn], *arguments: Any) -> Any:
        """Starts a contestant and lets it warm up, alone. returns what its first turn found"""
        here, there = self._spawn.Pipe()
        process = self._spawn.Process(target=_serve, args=(there, self._threads, make, arguments))
        process.start()
        there.close()  # so that its end is noticed
        self._contestants[name] = (process, here)
        return self._turn(name)[1]

    def alternate(self, names: list[str], repeats: int) -> dict[str, list[float]]:
        """Seconds of each turn; every other round in the opposite order."""
        seconds: dict[str, list[float]] = {name: [] for name in names}
        for round_number in tqdm(range(repeats), unit="round", leave=False, disable=not sys.stderr.isatty()):
            for name in names if round_number % 2 == 0 else names[::-1]:
                seconds[name].append(self._turn(name)[0])
        return seconds

    def ask(self, name: str) -> Any:
        """What another turn finds."""
        return self._turn(name)[1]

    def _turn(self, name: str) -> tuple[float, Any]:
        connection = self._contestants[name][1]
        connection.send("turn")
        try:
            return connection.recv()
        except (EOFError, ConnectionResetError):
            raise UserError(
                f"The contestant {name} ended early, likely for lack of memory; lower --batch-size."
            ) from None


def paired(above: list[float], below: list[float]) -> float:
    """The median of the ratios, turn by turn."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def _serve(connection: Connection, threads: int, make: Callable[..., Turn], arguments: tuple[Any, ...]) -> None:
    os.environ["OMP_NUM_THREADS"] = str(threads)
    torch.set_num_threads(threads)
    turn = make(*arguments)
    while _is_called(connection):
        begun = time.perf_counter()
        found = turn()
        if torch.accelerator.is_available():
            torch.accelerator.synchronize()
        connection.send((time.perf_counter() - begun, found))


def _is_called(connection: Connection) -> bool:
    try:
        return bool(connection.recv())
    except EOFError:
        return False


def compare_training(measured: MeasuredConfig) -> tuple[dict[str, Any], str]:
    """Our step, the loop people write, and the machine's matrix product. returns what the record holds, and a line"""
    rows = measured.rows
    flops = rows * costs.flops_per_row(_blueprint(measured.width))
    with Contest(torch.get_num_threads()) as contest:
        for workers in WORKERS:
            contest.enter(f"plain{workers}", plain_loop, measured, workers)
        trial = contest.alternate([f"plain{workers}" for workers in WORKERS], repeats=2)
        best = min(trial, key=lambda name: min(trial[name]))
        contest.enter("ours", our_loop, measured, rows)
        contest.enter("twice", our_loop, measured, 2 * rows)
        contest.enter("matmul", matrix_product)
        seconds = contest.alternate([best, "ours", "matmul", "twice"], measured.repeats)
    ours, matmul = statistics.median(seconds["ours"]), statistics.median(seconds["matmul"])
    final = {
        "ours_images_per_second": rows / ours,
        "plain_images_per_second": rows / statistics.median(seconds[best]),
        "plain_workers": int(best.removeprefix("plain")),
        "ours_gflops": flops / ours / 1e9,
        "matmul_gflops": 2 * MATRIX**3 / matmul / 1e9,
        "ratio_plain": paired(seconds[best], seconds["ours"]),
        "ratio_matmul": paired(seconds["matmul"], seconds["ours"]) * flops / (2 * MATRIX**3),
        "ratio_twice_the_rows": paired(seconds["twice"], seconds["ours"]),
        "seconds": {"ours": seconds["ours"], "plain": seconds[best], "matmul": seconds["matmul"]},
    }
    return final, (
        f"ours {final['ours_images_per_second']:.1f} images a second, {final['ratio_plain']:.2f} x the plain loop "
        f"({final['plain_images_per_second']:.1f}, {final['plain_workers']} workers), "
        f"{final['ratio_matmul']:.2f} of the machine's matrix product"
    )


def compare_methods(measured: MeasuredConfig) -> tuple[dict[str, Any], str]:
    """Our step under mixup, and the same step of rows that are not mixed: no partner is gathered, none is mixed in."""
    with Contest(torch.get_num_threads()) as contest:
        contest.enter("erm", erm_loop, measured)
        contest.enter("mixup", our_loop, measured, measured.rows)
        seconds = contest.alternate(["erm", "mixup"], measured.repeats)
    final = {"ratio_mixup": paired(seconds["mixup"], seconds["erm"]), "seconds": seconds}
    return final, f"a step under mixup takes {final['ratio_mixup']:.3f} times one under ERM"


def compare_attacks(measured: MeasuredConfig) -> tuple[dict[str, Any], str]:
    """FGSM at five epsilons on two targets, and PGD at one epsilon on one, ours and torchattack's."""
    with Contest(torch.get_num_threads()) as contest:
        errors = {
            f"{attack}_{side}": contest.enter(f"{attack}_{side}", make, measured, attack)
            for attack in ("fgsm", "pgd")
            for side, make in (("ours", our_attack), ("plain", plain_attack))
        }
        seconds = contest.alternate(list(errors), measured.repeats)
    final = {
        "ratio_fgsm": paired(seconds["fgsm_plain"], seconds["fgsm_ours"]),
        "ratio_pgd": paired(seconds["pgd_plain"], seconds["pgd_ours"]),
        "counts": errors,
        "seconds": seconds,
    }
    are = "equal" if errors["fgsm_ours"] == errors["fgsm_plain"] else "UNEQUAL"
    return final, f"FGSM {final['ratio_fgsm']:.2f} x torchattack ({are} errors), PGD {final['ratio_pgd']:.2f} x"


def compare_misses(measured: MeasuredConfig) -> tuple[dict[str, Any], str]:
    """Misses at each lambda, ours and by a plain loop of forward passes."""
    with Contest(torch.get_num_threads()) as contest:
        misses = {
            "ours": contest.enter("ours", our_misses, measured),
            "plain": contest.enter("plain", plain_misses, measured),
        }
        seconds = contest.alternate(list(misses), measured.repeats)
    final = {"ratio_misses": paired(seconds["plain"], seconds["ours"]), "counts": misses, "seconds": seconds}
    are = "equal" if misses["ours"] == misses["plain"] else "UNEQUAL"
    return final, f"misses {final['ratio_misses']:.2f} x the plain loop ({are} counts)"


def compare_streams(measured: MeasuredConfig) -> tuple[dict[str, Any], str]:
    """Batches of mixed crops of JPEG files, without a network: ours, of four times the rows as well, by the loop people
    write, and what the decoder alone does on all cores."""
    rows, four = measured.rows, 4 * measured.rows
    with tempfile.TemporaryDirectory() as folder, Contest(torch.get_num_threads()) as contest:
        root = Path(folder)
        for name, count in (("photographs", rows), ("four-times", four)):
            make_photographs(root / name, count)
        os.environ["MIXUP_CACHE_DIR"] = str(root / "cache")  # of this process, and so of the contestants
        for workers in WORKERS:
            contest.enter(f"plain{workers}", plain_stream, measured, root / "photographs", workers)
        trial = contest.alternate([f"plain{workers}" for workers in WORKERS], repeats=2)
        best = min(trial, key=lambda name: min(trial[name]))
        memory = {"ours": [contest.enter("ours", our_stream, measured, root / "photographs")]}
        memory["four_times"] = [contest.enter("four_times", our_stream, measured, root / "four-times")]
        contest.enter("decoder", decoder, root / "photographs")
        seconds = contest.alternate([best, "ours", "decoder"], measured.repeats)
        for name, taken in memory.items():
            taken.append(contest.ask(name))
    final = {
        "ours_images_per_second": rows / statistics.median(seconds["ours"]),
        "plain_images_per_second": rows / statistics.median(seconds[best]),
        "plain_workers": int(best.removeprefix("plain")),
        "decoder_images_per_second": rows / statistics.median(seconds["decoder"]),
        "ratio_plain": paired(seconds[best], seconds["ours"]),
        "ratio_decoder": paired(seconds["decoder"], seconds["ours"]),
        "memory_bytes": memory,
        "seconds": {"ours": seconds["ours"], "plain": seconds[best], "decoder": seconds["decoder"]},
    }
    held = ", ".join(f"{name.replace('_', ' ')}: {first / 2**20:.0f}, then {last / 2**20:.0f} MiB"
                     for name, (first, last) in memory.items())  # fmt: skip
    return final, (
        f"ours {final['ours_images_per_second']:.0f} images a second, {final['ratio_plain']:.2f} x ImageFolder "
        f"({final['plain_images_per_second']:.0f}, {final['plain_workers']} workers), {final['ratio_decoder']:.2f} of "
        f"the decoder alone ({final['decoder_images_per_second']:.0f}); {held}"
    )


COMPARE = {
    "train": compare_training,
    "mixup": compare_methods,
    "attack": compare_attacks,
    "interpolate": compare_misses,
    "stream": compare_streams,
}


def make_photographs(root: Path, rows: int) -> None:
    """JPEG files of 500 x 375 pixels and about 80 kB, as ImageNet's are on average, in two classes, and one of each to
    test on."""
    chance = rng("photographs")
    scenes = [_photograph(chance) for _ in range(16)]
    for part, count in (("train", rows), ("test", 2)):
        for row in range(count):
            file = root / part / f"class{row % 2}" / f"{row}.JPEG"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(scenes[row % len(scenes)])


def _photograph(chance: np.random.Generator) -> bytes:
    smooth = Image.fromarray(chance.integers(256, size=(12, 16, 3), dtype=np.uint8)).resize((500, 375))
    grain = chance.integers(-20, 20, size=(375, 500, 3))
    file = io.BytesIO()
    Image.fromarray((np.asarray(smooth) + grain).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def our_stream(measured: MeasuredConfig, root: Path) -> Turn:
    """An epoch of batches as train.py makes them. A turn returns the most memory that this process has held."""
    reading = Reading(size=CROP, stream=True, is_zoomed=True)
    part = load(sources.find(str(root), None), reading).train
    method = Mixup(alpha=1.0, pairs=InBlocks())
    normalize = models.Normalize(MEAN, STD, 3)

    def turn() -> int:
        sizes = part.sizes
        plan = draw(len(part), measured.batch_size, seed=0, epoch=1, method=method, pad=0, sizes=sizes)
        places = [places for places, _ in plan.batches(0, 1)]
        for mine, here in zip(places, part.ahead(map(plan.members, places), plan.crop), strict=True):
            batch = training.batch_of(here, plan, mine, 0)
            normalize(mix(batch.x, batch.lam))
        return processes.peak_memory(processes.start(torch.get_num_threads()))

    return turn


def plain_stream(measured: MeasuredConfig, root: Path, workers: int) -> Turn:
    """What people write: torchvision's data set with its transforms, a DataLoader, a random permutation for mixup."""
    recipe = [transforms.RandomResizedCrop(CROP), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    images = ImageFolder(root / "train", transforms.Compose([*recipe, transforms.Normalize(MEAN, STD)]))
    loader = DataLoader(images, measured.batch_size, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
    beta = torch.distributions.Beta(1.0, 1.0)

    def turn() -> None:
        for x, _ in loader:
            lam, partner = beta.sample().item(), torch.randperm(len(x))
            lam * x + (1 - lam) * x[partner]

    return turn


def decoder(root: Path) -> Turn:
    """JPEG files decoded by torchvision on all cores, and nothing else done to them."""
    files = [torch.frombuffer(bytearray(file.read_bytes()), dtype=torch.uint8) for file in root.glob("train/*/*")]
    pool = ThreadPoolExecutor(torch.get_num_threads())
    torch.set_num_threads(1)

    def turn() -> None:
        for _ in pool.map(decode_jpeg, files):
            pass

    return turn


def _begun(measured: MeasuredConfig, rows: int) -> tuple[Accelerator, Part, training.Training]:
    """So many images, and a training of a new network, as train.py begins it."""
    accelerator = processes.start(torch.get_num_threads(), None)
    network = models.build(_blueprint(measured.width), seed=0).to(accelerator.device)
    learning = training.begin(
        accelerator, network, 1, optimizer="sgd", lr=0.1, lr_drops=(), momentum=0.9, weight_decay=1e-4
    )
    return accelerator, _images(rows).to(accelerator.device), learning


def our_loop(measured: MeasuredConfig, rows: int) -> Turn:
    """An epoch of so many rows, as train.py runs it under mixup."""
    accelerator, part, learning = _begun(measured, rows)
    method = Mixup(alpha=1.0)

    def turn() -> None:
        plan = draw(len(part), measured.batch_size, seed=0, epoch=1, method=method, pad=4)
        training.train_epoch(accelerator, learning, method, part, plan.to(accelerator.device), lambda: None)

    return turn


def erm_loop(measured: MeasuredConfig) -> Turn:
    """The same epoch without mixup's work, which train.py does under ERM, too, at lambda = 1."""
    accelerator, part, learning = _begun(measured, measured.rows)

    def turn() -> list[float]:
        plan = draw(len(part), measured.batch_size, seed=0, epoch=1, method=ERM, pad=4).to(accelerator.device)
        model, sums = learning.model.train(), torch.zeros(2, device=accelerator.device)
        for places, rows in plan.batches(process=0, processes=1):
            x, labels = training.gather(part, plan.order[places], plan), part.labels[plan.order[places]]
            logits = model(x)
            loss = F.cross_entropy(logits, labels, reduction="sum")
            accelerator.backward(loss / rows)
            sums += torch.stack([loss.detach(), (logits.detach().argmax(dim=1) == labels).sum()])
            learning.step()
        found: list[float] = sums.tolist()
        return found

    return turn


def plain_loop(measured: MeasuredConfig, workers: int) -> Turn:
    """The loop people write: torchvision's data set with PIL transforms, a DataLoader, a random permutation for mixup,
    the loss read at every step."""
    device = _device()
    recipe = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    images = PILImages(_images(measured.rows), transforms.Compose([*recipe, transforms.Normalize(MEAN, STD)]))
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


def our_attack(measured: MeasuredConfig, attack: Attack) -> Turn:
    """As attack.py makes and tests examples. A turn returns the errors, epsilon by epsilon, target by target."""
    accelerator = processes.start(torch.get_num_threads(), None)
    asked = (
        AttackConfig((attack,), epsilons=EPSILONS)
        if attack == "fgsm"
        else AttackConfig((attack,), iterated_epsilons=(PGD_EPSILON,), pgd_steps=PGD_STEPS)
    )
    part = _images(measured.rows).to(accelerator.device)
    networks = [network.to(accelerator.device) for network in _finished(measured.width)]
    matrix = Matrix(accelerator, resolve_attack(asked), part, attacks.space(networks[0], "images"), measured.batch_size)
    targets = dict(enumerate(networks if attack == "fgsm" else networks[:1]))

    def turn() -> list[int]:
        made = matrix.attack(attack, networks[0], targets)
        return [int((tested.ranks[target] > 0).sum()) for tested in made.values() for target in targets]

    return turn


def plain_attack(measured: MeasuredConfig, attack: Attack) -> Turn:
    """What people write: torchattack, called for each epsilon and target, batch by batch of a DataLoader."""
    import torchattack  # of the tests' requirements: nothing else needs it

    device = _device()
    part = _images(measured.rows)
    loader = DataLoader(TensorDataset(part.whole / 255, part.labels), measured.batch_size)
    networks = [
        network.to(device).to(memory_format=torch.contiguous_format).requires_grad_()
        for network in _finished(measured.width)
    ]
    epsilon = PGD_EPSILON / 255
    attackers: list[Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]
    if attack == "fgsm":
        attackers = [torchattack.FGSM(networks[0], device=device, eps=epsilon / 255) for epsilon in EPSILONS]
    else:
        attackers = [torchattack.PGD(networks[0], device=device, eps=epsilon, steps=PGD_STEPS, alpha=epsilon / 8)]
    targets = networks if attack == "fgsm" else networks[:1]

    def turn() -> list[int]:
        return [
            sum(_errors(target, attacker(x.to(device), y.to(device)), y.to(device)) for x, y in loader)
            for attacker in attackers
            for target in targets
        ]

    return turn


def our_misses(measured: MeasuredConfig) -> Turn:
    """As interpolate.py counts them. A turn returns the misses at each lambda."""
    accelerator = processes.start(torch.get_num_threads(), None)
    part = _images(measured.rows).to(accelerator.device)
    network = _finished(measured.width)[0].to(accelerator.device)
    pairs = probes.draw_pairs(len(part), measured.rows, 0).to(accelerator.device)

    def turn() -> list[int]:
        table = probes.between(accelerator, network, part, pairs, probes.lambdas(POINTS), 0, lambda: None)
        return table[probes.MISSED].sum(axis=1).astype(int).tolist()

    return turn


def plain_misses(measured: MeasuredConfig) -> Turn:
    """What people write: at each lambda, a pass over a DataLoader of pairs."""
    device = _device()
    part = _images(measured.rows)
    pairs = probes.draw_pairs(len(part), measured.rows, 0)
    pixels = part.whole / 255
    ends = [tensor[rows] for rows in (pairs.first, pairs.second) for tensor in (pixels, part.labels)]
    loader = DataLoader(TensorDataset(*ends), measured.batch_size)
    network = _finished(measured.width)[0].to(device).to(memory_format=torch.contiguous_format)

    @torch.no_grad()
    def turn() -> list[int]:
        misses = []
        for lam in probes.lambdas(POINTS):
            missed = 0
            for batch in loader:
                x_i, y_i, x_j, y_j = (tensor.to(device) for tensor in batch)
                predicted = network(lam * x_i + (1 - lam) * x_j).argmax(dim=1)
                missed += int(((predicted != y_i) & (predicted != y_j)).sum())
            misses.append(missed)
        return misses

    return turn


@torch.no_grad()
def _errors(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> int:
    return int((network(x).argmax(dim=1) != y).sum())


class PILImages(Dataset[tuple[torch.Tensor, int]]):
    """What torchvision.datasets.CIFAR10 does with an image, on pixels that need no download."""

    def __init__(self, part: Part, transform: Callable[[Image.Image], torch.Tensor]) -> None:
        self._pixels = part.whole.permute(0, 2, 3, 1).contiguous().numpy()
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


def _finished(width: int) -> list[nn.Module]:
    """Two networks as finished runs are found: in eval mode, parameters frozen."""
    return [models.build(_blueprint(width), seed=seed).eval().requires_grad_(False) for seed in (0, 1)]


def _device() -> torch.device:
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


if __name__ == "__main__":
    sys.exit(cli.run(main))
