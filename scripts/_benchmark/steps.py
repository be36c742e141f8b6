"""An epoch of training, ours and as people write it, and what the machine can do at all."""

from collections.abc import Callable

import torch
from accelerate import Accelerator
from PIL import Image
from torch.nn import functional as F
from torch.optim import SGD
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from _benchmark.contest import Turn
from _benchmark.subjects import MEAN, STD, blueprint, device_here, random_images
from common import models, processes, training
from common.data.dataset import Part
from common.mixup import ERM, Mixup
from common.options import TrainConfig, resolve
from common.options.benchmark import MeasuredConfig
from common.plan import draw

MATRIX = 2048  # side of the matrices whose product tells what the machine can do


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


def _begun(measured: MeasuredConfig, rows: int) -> tuple[Accelerator, Part, training.Training]:
    """So many images, and a training of a new network, as train.py begins it."""
    accelerator = processes.start(torch.get_num_threads(), None)
    network = models.build(blueprint(measured.width), seed=0).to(accelerator.device)
    learning = training.begin(accelerator, network, resolve(TrainConfig(), "cifar10", "images", 32), 1)
    return accelerator, random_images(rows).to(accelerator.device), learning


def plain_loop(measured: MeasuredConfig, workers: int) -> Turn:
    """A plain PyTorch loop: torchvision's data set with PIL transforms, a DataLoader, a random permutation for mixup,
    the loss read at every step."""
    device = device_here()
    recipe = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    images = PILImages(random_images(measured.rows), transforms.Compose([*recipe, transforms.Normalize(MEAN, STD)]))
    loader = DataLoader(
        images,
        measured.batch_size,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=device.type == "cuda",
    )
    network = models.build(blueprint(measured.width), seed=0).get_submodule("network")
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


def matrix_product() -> Turn:
    a, b = torch.rand(2, MATRIX, MATRIX, device=device_here())

    def turn() -> None:
        torch.mm(a, b)

    return turn
