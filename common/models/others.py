"""Networks that are not of this project: torchvision's and timm's classifiers by name, and a class in the user's file.

A user's file is run here, and nowhere else, since the user named it on the command line.
"""

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from common.consistency.compared import of_pixels
from common.errors import UserError, meant
from common.options.networks import NETWORKS, RECORDED

# Mean and standard deviation of ImageNet's channels, by which torchvision's published weights were trained.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
Statistics = tuple[tuple[float, ...], tuple[float, ...]]


def make(model: str, file: Path | None, shape: tuple[int, ...], classes: int) -> nn.Module:
    """A network with weights as its own code draws them.

    model  as a record calls it;  file  that holds it, as the user named it;  shape  of one input

    raises UserError for a name or class that there is not, a file that is another than the record's, and whatever the
    user's code raises
    """
    library, _, name = model.partition(":")
    if library == "torchvision":
        return _of_torchvision(name, shape[0], classes)
    if library == "timm":
        return _of_timm(name, shape[0], classes)
    found = RECORDED.fullmatch(model)
    assert found
    if file is None:
        raise UserError(
            f"{model} is a network of somebody's own, and its code is run only where its file is named: add "
            f"--model FILE.py:{found['name']}"
        )
    own, which = _class(file, found["name"], found["digest"]), f"--model {file}:{found['name']}"
    sizes: dict[str, Any] = {"num_classes": classes, "in_channels": shape[0]}
    if sides := shape[1:]:
        sizes["image_size"] = sides[0] if len(set(sides)) == 1 else sides
    takes = inspect.signature(own).parameters
    asked = {name: size for name, size in sizes.items() if name in takes}
    made = _made(which, lambda: own(**asked), file)
    if not isinstance(made, nn.Module):
        raise UserError(f"{which}: makes a {type(made).__name__}, and no torch.nn.Module.")
    if any(is_lazy(one) for one in (*made.parameters(), *made.buffers())):
        _made(which, lambda: _sized(made, shape), file)
    return made


@torch.no_grad()
def _sized(network: nn.Module, shape: tuple[int, ...]) -> None:
    """Has torch's lazy layers take their sizes from an input, by which nothing else in the network changes."""
    network.eval()(torch.zeros(1, *shape))
    network.train()


def statistics(model: str, file: Path | None, channels: int) -> Statistics | None:
    """Mean and standard deviation by which published weights want images of so many channels to be normalised, or None
    where nothing is known of that: those of a library are known, and of a class of the user's what it has as `mean` and
    `std`. raises UserError where these are no such numbers"""
    if found := RECORDED.fullmatch(model):
        own = _class(file, found["name"], found["digest"]) if file else None
        return _stated(own, f"--model {file}:{found['name']}", channels)
    library, _, name = model.partition(":")
    known: Statistics | None = IMAGENET
    if library == "timm":
        theirs = _timm().get_pretrained_cfg(name)
        known = (tuple(theirs.mean), tuple(theirs.std)) if theirs else None
    elif model in NETWORKS and not NETWORKS[model].where.startswith("imagenet."):
        known = None
    return known if known and len(known[0]) == len(known[1]) == channels else None


def _stated(own: object, which: str, channels: int) -> Statistics | None:
    """What a class has as `mean` and `std`, if it has both."""
    mean, std = (getattr(own, name, None) for name in ("mean", "std"))
    if mean is None or std is None:
        return None
    with suppress(Exception):  # whatever somebody else's objects raise
        found = tuple(map(float, mean)), tuple(map(float, std))
        is_of_pixels = all(value in of_pixels("mean", value) for value in found[0])
        is_of_pixels &= all(value > 0 and value in of_pixels("std", value) for value in found[1])
        if is_of_pixels and len(found[0]) == len(found[1]) == channels:
            return found
    raise UserError(
        f"{which}: its mean and std are what images are normalised by where --weights are given, so both hold a number "
        f"for each of the {channels} channels, of pixels from 0 to 1: means from 0 to 1, and deviations above 0 and up "
        "to 0.51, or 1 for none."
    )


def _of_torchvision(name: str, channels: int, classes: int) -> nn.Module:
    from torchvision import models

    _refuse_unknown("torchvision", name, models.list_models(module=models))
    if channels != 3:
        raise UserError(f"--model torchvision:{name}: takes images of three channels, and these have {channels}.")
    return _made(f"torchvision:{name}", lambda: models.get_model(name, weights=None, num_classes=classes))


def _of_timm(name: str, channels: int, classes: int) -> nn.Module:
    timm = _timm()
    _refuse_unknown("timm", name, timm.list_pretrained() if "." in name else timm.list_models())
    more = {"pretrained": False, "num_classes": classes, "in_chans": channels}
    return _made(f"timm:{name}", lambda: timm.create_model(name, **more))


def _timm() -> Any:
    try:
        import timm
    except ImportError:
        raise UserError("--model timm:NAME: timm is not installed (pip install timm).") from None
    return timm


def _refuse_unknown(library: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        hint = meant(name, known, f"{library}:")
        raise UserError(f"--model {library}:{name}: {library} has no classifier of this name{hint}.")


@cache
def _class(file: Path, name: str, digest: str) -> Callable[..., Any]:
    """A class of a file, which is run once. raises UserError"""
    which = f"--model {file}:{name}"
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError(f"{which}: {error.strerror}; name a file that can be read.") from None
    if hashlib.sha256(content).hexdigest()[:12] != digest:
        raise UserError(f"{which}: another file than the one that was trained (its SHA-256 is not {digest}…).")
    module = ModuleType(f"mixup_study_own_{digest}")
    module.__file__ = str(file)
    sys.modules[module.__name__] = module  # where dataclasses and pickle look for it
    with torch.device("cpu"), torch.enable_grad(), _importable(file.parent):  # whoever asked first, it stands for all
        _made(which, lambda: exec(compile(content, str(file), "exec"), module.__dict__), file)
    found = getattr(module, name, None)
    if not callable(found):
        own = [key for key, it in vars(module).items() if isinstance(it, type) and it.__module__ == module.__name__]
        raise UserError(f"{which}: has no class of this name; it has {', '.join(own) or 'none'}.")
    return found  # type: ignore[no-any-return]


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Within it the folder's files can be imported, as by a script that lies there. They are forgotten again: another
    folder may have others of the same names."""
    before, place = set(sys.modules), str(folder.resolve())
    sys.path.insert(0, place)
    try:
        yield
    finally:
        sys.path.remove(place)
        tops = {name.partition(".")[0] for name in sys.modules} - before
        its = {top for top in tops if (folder / top).is_dir() or (folder / f"{top}.py").is_file()}
        for name in [name for name in sys.modules if name.partition(".")[0] in its]:
            del sys.modules[name]


def _made(which: str, make: Callable[[], Any], file: Path | None = None) -> Any:
    """raises UserError for whatever somebody else's code raises"""
    try:
        return make()
    except (Exception, SystemExit) as error:
        raise UserError(f"{which}: raised {told(error, file)}") from error


def told(error: BaseException, file: Path | None = None) -> str:
    """What somebody else's code raised, and the line of the user's file, if it is one's."""
    trace, line = error.__traceback__, ""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = f" ({Path(str(file)).name}, line {trace.tb_lineno})"
        trace = trace.tb_next
    said = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}{f': {said}' if said else ''}{line}."
