"""Small records with chosen numbers, valid against the schema, for the tests of `analysis`."""

import base64
import dataclasses
import hashlib
import io
import math
import statistics
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from common import consistency, records
from common.options import DataOptions, MixupOptions, ModelOptions, TrainingOptions, TrainOptions, resolve, run_name
from common.options import attack as attack_options
from common.options import baseline as baseline_options
from common.options import boundary as boundary_options
from common.options import gan as gan_options
from common.options import interpolate as interpolate_options

N = 10_000  # test rows
LAMS = [step / 20 for step in range(21)]
COMMIT = "c" * 40
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


@dataclass(frozen=True)
class Model:
    """What a trained model shows; of 10,000 rows each, at seed 0. A study adds `STEP` of it with each seed.

    curve   errors, each of an equal part of the epochs
    missed  misses at lambda 0 and 1, and at 1/2; norms likewise
    white   errors by attack and epsilon; black: as a target of ERM models of other seeds
    labels  training errors after the last epoch on real labels, on corrupted ones, and on their true ones, where labels
            are corrupted; of 5,000 rows each
    """

    curve: Sequence[int] = (3000, 2000, 900, 560)
    clean: int = 100
    cross_entropy: float = 0.30
    calibration: float = 0.05
    missed: tuple[int, int] = (140, 1640)
    loss_norm: tuple[float, float] = (1.0, 8.0)
    logit_norm: tuple[float, float] = (2.0, 10.0)
    white: Mapping[tuple[str, float], int] = field(
        default_factory=lambda: {("fgsm", 4.0): 9070, ("ifgsm", 4.0): 9990, ("pgd", 4.0): 9995, ("noise", 4.0): 600}
    )
    black: Mapping[tuple[str, float], int] = field(
        default_factory=lambda: {("fgsm", 4.0): 5700, ("ifgsm", 4.0): 5730, ("pgd", 4.0): 5800, ("noise", 4.0): 600}
    )
    labels: tuple[int, int, int] = (10, 20, 4500)


ERM = Model()
MIXUP = Model(
    curve=(3300, 1800, 800, 420),
    clean=200,
    cross_entropy=0.25,
    calibration=0.03,
    missed=(60, 590),
    loss_norm=(0.5, 4.0),
    logit_norm=(1.0, 5.0),
    white={("fgsm", 4.0): 7520, ("ifgsm", 4.0): 9960, ("pgd", 4.0): 9990, ("noise", 4.0): 450},
    black={("fgsm", 4.0): 4600, ("ifgsm", 4.0): 4090, ("pgd", 4.0): 4200, ("noise", 4.0): 450},
)
STEP = (0, 7, -4, 11, -9)  # errors of 10,000 that the seeds differ by


def environment(command: str) -> dict[str, Any]:
    return {
        "versions": {"python": "3.11.7", "torch": "2.14.1"},
        "device": "CPU x86_64",
        "threads": 1,
        "processes": 1,
        "precision": "no",
        "compiled": False,
        "batchnorm": "one process",
        "commit": COMMIT,
        "code_differs": False,
        "command": command,
        "started": "2026-11-24T17:10:34Z",
    }


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def train(
    folder: Path,
    model: Model = ERM,
    *,
    alpha: float | None = None,
    lam_per: str | None = None,
    seed: int = 0,
    step: int = 0,
    dataset: str = "cifar10",
    options: Mapping[str, Any] | None = None,
    rows: int = 50_000,
    weights: str | None = None,
    kind: str | None = None,
    by_class: Mapping[str, Sequence[int]] | None = None,
    evenly: bool = False,
    tempered: tuple[float, float, float] | None = None,
) -> Path:
    """Writes a train record. options: of train.py that depart from the defaults, such as width or epochs.
    step: added to every count of errors. kind: of the data, where `dataset`'s name does not tell it. by_class: errors
    and n of each class; evenly: as many of each. tempered: the temperature, and what becomes of cross-entropy and
    calibration error by it, where rows are held out. returns its path"""
    asked = {"seed": seed, **(options or {})}
    groups = [
        group(**{f.name: asked.pop(f.name) for f in dataclasses.fields(group) if f.name in asked})
        for group in (DataOptions, ModelOptions, TrainingOptions)
    ]
    mixing = MixupOptions(mixup=alpha is not None, alpha=alpha, lam_per=lam_per, **asked)
    of_kind = kind or ("table" if dataset in ("wine", "iris") else "images")
    given = TrainOptions(data=groups[0], model=groups[1], mixing=mixing, training=groups[2])
    side = _shape(dataset, of_kind)[-1] if of_kind == "images" else None
    config = resolve(given.asked, dataset, of_kind, side)
    name = run_name(config, of_kind, side, "no")
    holdout = config.holdout or 0
    n, classes = holdout or config.test_subset or N, CLASSES[:2] if by_class else CLASSES
    n_train = (config.subset or rows) - holdout
    n_clean = min(n_train, 10_000)
    part = [epoch * len(model.curve) // config.epochs for epoch in range(config.epochs)]  # of the curve, by epoch
    counts = [model.curve[number] for number in part]
    errors = [count * n // N + (step if holdout else round(step * n / N)) for count in counts]

    def outcome(n: int, errors: int, cross_entropy: float) -> dict[str, Any]:
        top5 = {"errors_top5": min(errors, 20)} if len(classes) > 5 else {}
        return {"n": n, "errors": errors, **top5, "cross_entropy": cross_entropy}

    curve = [
        {
            "epoch": epoch,
            "lr": config.lr / 10 ** sum(epoch > drop * config.epochs for drop in config.lr_drops),
            "train": {"loss": 1.5 / epoch, "weighted_accuracy": 1 - 0.5 / epoch},
            "test": outcome(n, count, _loss(model, count, n) + step / 10_000),
        }
        for epoch, count in enumerate(errors, 1)
    ]
    if config.corrupt_labels:
        for row_of_curve in curve:
            done = (part[row_of_curve["epoch"] - 1] + 1) / len(model.curve)
            row_of_curve["labels"] = {
                label: {"errors": round((5000 - (5000 - count) * done) * n_clean / 10_000), "n": n_clean // 2}
                for label, count in zip(("real", "corrupted", "restored"), model.labels, strict=True)
            }
    clean = (
        sum(curve[-1]["labels"][kind]["errors"] for kind in ("real", "corrupted")) if config.corrupt_labels else None
    )
    last = curve[-1]["test"]
    best = min(curve, key=lambda one: one["test"]["errors"])
    ten = [one["test"]["errors"] for one in curve[-10:]]
    right = n - errors[-1]
    if evenly:
        shares = [[(total + place) // len(classes) for place in range(len(classes))] for total in (errors[-1], n)]
        by_class = dict(zip(("errors", "n"), shares, strict=True))
    calibrated = _calibrated(n, right, min(1.0, right / n + model.calibration + step / 100_000))
    record = {
        "schema": 1,
        "kind": "train",
        "run": name,
        "config": config.to_json(),
        "environment": environment(f"scripts/train.py --seed {seed}" + (" --mixup" if alpha else "")),
        "data": data(dataset, of_kind, n_train, n, bool(holdout), classes),
        "weights": sha(weights or name),
        "parents": [],
        "curve": curve,
        "final": {
            "last_epoch": last | {"epoch": config.epochs, **calibrated} | ({"by_class": by_class} if by_class else {}),
            "median_of_last_ten": {"epochs": len(ten), "errors": statistics.median(ten)},
            "best_epoch": {"epoch": best["epoch"], "errors": best["test"]["errors"]},
            "clean_train": outcome(n_clean, model.clean + step if clean is None else clean, 2.0),
        },
        "cost": {
            "seconds": 600.0,
            "images_per_second": 400.0,
            "training_flops": config.width * config.epochs * 10**9,
            "peak_memory_bytes": 10**9,
            "parameters": 11_000_000,
        },
    }
    if tempered:
        temperature, cross_entropy, error = tempered
        found = {"temperatures": [temperature - 0.1, temperature + 0.1], "cross_entropy": cross_entropy}
        record["final"]["tempered"] = found | _calibrated(n, right, right / n - error)
    return written(records.path_of(folder, dataset, "train", name), record)


def _calibrated(n: int, right: int, confidence: float) -> dict[str, Any]:
    """The calibration of so many examples of one confidence."""
    bins = [{"n": 0, "right": 0, "mean_confidence": 0.0} for _ in range(15)]
    bins[min(14, int(15 * confidence))] = {"n": n, "right": right, "mean_confidence": confidence}
    return {"calibration_error": abs(right / n - confidence), "bins": bins}


def interpolate(
    folder: Path, run: Path, model: Model = ERM, *, step: int = 0, split: str = "train", beyond: float = 0.0
) -> Path:
    """Writes the interpolate record of a train record: all of it rises and falls linearly to lambda = 1/2, and beyond
    the rows rises again."""
    parent = records.read(run)
    probe = dataclasses.replace(interpolate_options.ProbeOptions(), split=split, beyond=beyond)
    config = interpolate_options.resolve(probe, parent["run"])

    def at(ends: float, middle: float, lam: float) -> float:
        return ends + (middle - ends) * abs(1 - abs(2 * lam - 1))

    def spread(mean: float) -> dict[str, Any]:
        return {"mean": mean, "quantiles": {"0.1": mean / 2, "0.5": mean, "0.9": 2 * mean}}

    lams = [(1 + 2 * beyond) * step / 20 - beyond for step in range(21)]
    between = [
        {
            "lam": lam,
            "misses": {"n": N, "misses": round(at(*model.missed, lam)) + step},
            "misses_different": {"n": 9000, "misses": round(0.9 * (round(at(*model.missed, lam)) + step))},
            "probability_different": {"y_i": 0.9 * share, "y_j": 0.9 * (1 - share), "rest": 0.1},
            "off_linear": 0.11 + at(*model.missed, lam) / N + step / 1000,
            "gradient_norm": {
                "n": 1000,
                "loss": spread(at(*model.loss_norm, lam) + step / 1000),
                "logit": spread(at(*model.logit_norm, lam) + step / 1000),
            },
        }
        for lam, share in ((lam, min(max(lam, 0.0), 1.0)) for lam in lams)
    ]
    example = {
        "rows": [3, 5],
        "labels": [0, 1],
        "x_i": _shown(parent["data"]),
        "x_j": _shown(parent["data"]),
        "p": [[lam, 1 - lam, *[0.0] * (len(parent["data"]["classes"]) - 2)] for lam in LAMS],
    }
    record = {
        "schema": 1,
        "kind": "interpolate",
        "run": interpolate_options.record_name(config),
        "config": config.to_json(),
        "environment": environment(f"scripts/interpolate.py {parent['run']}"),
        "data": parent["data"],
        "parents": [parent_of(folder, run, parent)],
        "final": {"loss": "lam CE(y_i) + (1 - lam) CE(y_j)", "between": between, "examples": [example]},
        "cost": {"seconds": 60.0, "images_per_second": 3000.0, "peak_memory_bytes": 10**9},
    }
    return written(run.with_name(f"interpolate-{record['run']}.json"), record)


def attack(
    folder: Path,
    source: Path,
    target: Path,
    errors: Mapping[tuple[str, float], int],
    *,
    step: int = 0,
    pgd_steps: int | None = None,
) -> Path:
    """Writes the attack record of a source and a target. errors: of 10,000 rows (iterated attacks: 1,000), by attack
    and epsilon: of every attack, those at other epsilons are as many; of some, it is these alone."""
    first, second = records.read(source), records.read(target)
    asked = attack_options.AttackConfig(pgd_steps=pgd_steps)
    if {name for name, _ in errors} != set(attack_options.ATTACKS):
        of_iterated = {epsilon for name, epsilon in errors if name in attack_options.ITERATED}
        asked = attack_options.AttackConfig(
            attacks=tuple(name for name in attack_options.ATTACKS if any(made == name for made, _ in errors)),
            epsilons=tuple({epsilon for name, epsilon in errors if name not in attack_options.ITERATED}) or None,
            iterated_epsilons=tuple(of_iterated) or None,
            pgd_steps=pgd_steps,
        )
    config, measured = attack_options.resolve(asked), second["data"]["measured"]
    clean = {
        name: {part: record["final"]["last_epoch"][part] for part in ("n", "errors", "errors_top5")}
        for name, record in (("source", first), ("target", second))
    }
    made = []
    for name, epsilon in [(attack, epsilon) for attack in config.attacks for epsilon in config.epsilons_of(attack)]:
        near = min((of for of in errors if of[0] == name), key=lambda of: abs(of[1] - epsilon))
        n = min(1000, measured) if name in attack_options.ITERATED else measured
        wrong = (errors[near] + step) * n // N
        before = {role: counts["errors"] * n // measured for role, counts in clean.items()}
        both = n - max(before.values())
        row = {"attack": name, "epsilon": epsilon, "n": n, "errors": wrong, "errors_top5": min(wrong, n // 5)}
        row |= {"errors_clean": before["target"], "n_both_right": both, "errors_both_right": max(0, wrong - n + both)}
        row |= {"largest_perturbation": epsilon}
        made.append(row if name == "noise" else row | {"zero_gradients": 0})
    name = attack_options.attack_name(first["run"], second["run"], config)
    record = {
        "schema": 1,
        "kind": "attack",
        "run": name,
        "config": config.to_json(),
        "environment": environment(f"scripts/attack.py {first['run']} {second['run']}"),
        "data": second["data"],
        "parents": [parent_of(folder, source, first), parent_of(folder, target, second)],
        "final": {
            "source": first["run"],
            "target": second["run"],
            "epsilon_unit": "1/255" if second["data"]["kind"] == "images" else "std/100",
            "clipped": second["data"]["kind"] == "images",
            "clean": clean,
            "attacks": made,
        },
        "cost": {"seconds": 30.0, "peak_memory_bytes": 10**9},
    }
    return written(target.with_name(f"attack-{name}.json"), record)


def boundary(
    folder: Path, bands: Mapping[float | None, Sequence[float]] | None = None, name: str = "circles-paper"
) -> Path:
    """Writes a boundary record. bands: width of the border by alpha (None is ERM), one for each seed."""
    bands = of_bands(3) if bands is None else bands
    seeds = range(len(next(iter(bands.values()))))
    options = boundary_options.ToyTrainingOptions(alphas=tuple(a for a in bands if a), seeds=tuple(seeds), grid=5)
    config = boundary_options.resolve(boundary_options.BoundaryOptions(training=options), name)
    models, maps = [], []
    for seed in seeds:
        for alpha, widths in bands.items():
            method = {"mixup": alpha is not None, "alpha": alpha, "seed": seed}
            # p rises with x; of a wide border, three of five columns are in the band, of a narrow one the middle one
            is_wide = widths[seed] > 0.5
            inside = (15 if is_wide else 5) if seed == 0 else round(25 * widths[seed] / 4)
            row: dict[str, Any] = {"train": {"n": 500, "errors": 5, "cross_entropy": 0.1}}
            row |= {"band": {"n": 25, "points": inside}}
            if "circles" in name:
                row["radius"] = {"band_width": widths[seed], "r": [0.0, 0.5, 1.0], "p": [1.0, 0.5, 0.0]}
            models.append(method | row)
            if seed == 0:
                p = [0.0, 0.25, 0.5, 0.75, 1.0] if is_wide else [0.0, 0.0, 0.5, 1.0, 1.0]
                maps.append(method | {"p": [p] * 5})
    run = boundary_options.record_name(config, "no")
    record = {
        "schema": 1,
        "kind": "boundary",
        "run": run,
        "config": config.to_json(),
        "environment": environment("scripts/boundary.py"),
        "data": data(name, "table", 500, 25, False, ["0", "1"]) | {"measured_on": "grid"},
        "parents": [],
        "final": {
            "grid": {"x": [-1.5, 1.5], "y": [-1.5, 1.5], "side": 5},
            "points": {"x": [0.0, 1.0] * 250, "y": [0.0, 1.0] * 250, "label": [1, 0] * 250},
            "models": models,
            "maps": maps,
        },
        "cost": {"seconds": 9.0, "parameters": 4482, "peak_memory_bytes": 10**9},
    }
    return written(records.path_of(folder, "toy", "boundary", run), record)


def gan(
    folder: Path,
    loss: gan_options.LossName = "saturating",
    covered: Sequence[int] = (4, 5),
    at: Sequence[int] = (10, 12),
    name: Literal["ring", "grid"] = "ring",
) -> Path:
    """Writes a record of a GAN. covered: modes at the end, one for each seed."""
    modes_of = gan_options.TARGETS[name]
    training = gan_options.GanTrainingOptions(iterations=at[-1], width=8, seeds=tuple(range(len(covered))))
    points = gan_options.PointsOptions(target=name)
    asked = gan_options.GanOptions(points, gan_options.LossOptions(loss), training)
    config, curve, shown = gan_options.resolve(asked), [], []
    for iteration in at:
        for seed, modes in enumerate(covered):
            hits = [125 + mode for mode in range(modes)] + [12] * (modes_of - modes)
            even = sum(hit / sum(hits) * math.log(modes_of * hit / sum(hits)) for hit in hits)
            count = {"n": gan_options.MEASURED, "not_finite": 0, "outside": 90, "distance": 0.25, "hits": hits}
            count |= {"covered": sum(hit >= 125 for hit in hits), "balance": even, "diverged": False}
            losses = {"discriminator_loss": 0.5, "generator_loss": -0.25}
            curve.append({"iteration": iteration, "seed": seed} | count | losses)
            shown.append({"iteration": iteration, "seed": seed, "n": 256, "x": [0.5, -0.125], "y": [1.0, 0.25]})
    run, places = gan_options.record_name(config), [[0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-1.0, 0.0]] * 7
    target = {
        "modes": places[:modes_of],
        "sigma": gan_options.SIGMA,
        "mean": [0.0, 0.0],
        "std": [1.0, 1.0],
        "floor": 0.01,
    }
    window = {"x": [-1.25, 1.25], "y": [-1.25, 1.25]}
    record = {
        "schema": 1,
        "kind": "gan",
        "run": run,
        "config": config.to_json(),
        "environment": environment("scripts/gan.py"),
        "parents": [],
        "curve": curve,
        "final": {"target": target | {"window": window, "points": [[0.5, 1.0]] * gan_options.KEPT}, "shown": shown},
        "cost": {"seconds": 9.0, "parameters": 363, "peak_memory_bytes": 10**9},
    }
    return written(records.path_of(folder, "toy", "gan", run), record)


def of_bands(seeds: int) -> dict[float | None, tuple[float, ...]]:
    """The widths of so many borders, by alpha."""
    return {None: (0.08, 0.09, 0.085, 0.082, 0.088)[:seeds], 1.0: (0.80, 0.82, 0.83, 0.81, 0.815)[:seeds]}


def study(
    folder: Path,
    *,
    seeds: int = 3,
    erm: Model = ERM,
    mixup: Model | Mapping[float, Model] = MIXUP,
    dataset: str = "cifar10",
    options: Mapping[str, Any] | None = None,
    probes: Container[str] = ("interpolate", "attack", "boundary"),
    evenly: bool = False,
) -> dict[tuple[float | None, int], Path]:
    """Writes a whole study: every seed under ERM and mixup, probed and attacked by itself and by the models of the
    first three seeds, and a boundary record. mixup: a model, of alpha = 1, or one for each alpha. probes: kinds of
    records beside the train records. evenly: with errors by class, as many of each. returns those by alpha and seed"""
    arms: dict[float | None, Model] = {None: erm} | ({1.0: mixup} if isinstance(mixup, Model) else dict(mixup))
    runs = {
        (alpha, seed): train(
            folder,
            model,
            alpha=alpha,
            seed=seed,
            step=_step(alpha, seed),
            dataset=dataset,
            options=options,
            evenly=evenly,
        )
        for seed in range(seeds)
        for alpha, model in arms.items()
    }
    for (alpha, seed), run in runs.items():
        if "interpolate" in probes:
            for beyond in (0.0, 0.5):
                interpolate(folder, run, arms[alpha], step=_step(alpha, seed), beyond=beyond)
        sources = [source for (_, other), source in runs.items() if other < 3 or source == run]
        for source in sources if "attack" in probes else ():
            errors = arms[alpha].white if source == run else arms[alpha].black
            attack(folder, source, run, errors, step=_step(alpha, seed))
    if "boundary" in probes:
        boundary(folder, of_bands(seeds))
    return runs


CORRUPTED = {  # by alpha and dropout, at a share of 20 %: the paper's numbers, a quarter of the labels kept in `labels`
    (None, 0.0): Model(curve=(4000, 1270, 1500, 1660), labels=(2, 14, 4700)),
    (None, 0.7): Model(curve=(4000, 880, 900, 1040), labels=(263, 4178, 900)),
    (8.0, 0.0): Model(curve=(4500, 900, 590, 640), labels=(113, 4316, 500)),
    (4.0, 0.5): Model(curve=(4500, 900, 620, 620), labels=(96, 4251, 480)),
}
OF_CORRUPTED: Mapping[str, Any] = {"subset": 5000, "width": 8, "test_subset": N}
TABLES = ("abalone", "arcene", "arrhythmia", "htru2", "iris", "phishing")


def corrupted(
    folder: Path,
    *,
    shares: Sequence[float] = (0.2, 0.5, 0.8),
    seeds: int = 3,
    arms: Mapping[tuple[float | None, float], Model] | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Writes a study of corrupted labels: methods by alpha and dropout, whose errors rise with the share."""
    for share in shares:
        for (alpha, dropout), model in (CORRUPTED if arms is None else arms).items():
            harder = dataclasses.replace(model, curve=[count + round(2000 * (share - 0.2)) for count in model.curve])
            of_share = {"corrupt_labels": share, "dropout": dropout, **(OF_CORRUPTED if options is None else options)}
            for seed in range(seeds):
                step = _step(alpha or (dropout or None), seed)
                train(folder, harder, alpha=alpha, seed=seed, step=step, options=of_share)


def others(folder: Path) -> None:
    """Writes something of every study whose settings are its own."""
    corrupted(folder, shares=(0.5,))
    tabular(folder, gains={"abalone": 100, "arcene": -50, "iris": 3})
    speech(folder)
    for alpha, mix in ((None, "inputs"), (1.0, "inputs"), (1.0, "patches")):
        options = {"epochs": 2} | ({"mix": mix} if alpha else {})
        train(folder, ERM, alpha=alpha, dataset="digits", options=options)
    for name in ("ring", "grid"):
        gan(folder, "saturating", name=name)
        gan(folder, "mixup", name=name)


def tabular(
    folder: Path,
    *,
    gains: Mapping[str, int] | None = None,
    seeds: int = 3,
    baselines: bool = True,
) -> None:
    """Writes a study of tables: a split of its own for each seed, mixup with so many errors less than ERM, and
    scikit-learn's models on the same splits."""
    for name, gain in (dict.fromkeys(TABLES, 100) if gains is None else gains).items():
        for seed in range(seeds):
            drawn = {"data_seed": seed, **_drawn(name)}
            for alpha, errors in ((None, 2000), (1.0, 2000 - gain)):
                total = errors + _step(alpha, seed)
                train(
                    folder,
                    Model(curve=(4000, errors)),
                    alpha=alpha,
                    seed=seed,
                    step=_step(alpha, seed),
                    dataset=name,
                    kind="table",
                    rows=1000 + seed,
                    by_class={"errors": [total // 2, total - total // 2], "n": [N // 5, 4 * N // 5]},
                    options=drawn,
                )
            for method, errors in (("logistic_regression", 2400), ("gradient_boosting", 1900), ("mlp", 2100)):
                if baselines:
                    baseline(folder, name, method, errors + _step(None, seed), split=seed, rows=1000 + seed)


def baseline(folder: Path, name: str, method: str, errors: int, *, split: int = 0, rows: int = 1000) -> Path:
    """Writes a baseline record: what a model of scikit-learn reaches on a table's split. returns its path"""
    asked = TrainOptions(data=DataOptions(dataset=name, data_seed=split, **_drawn(name)))
    settled = resolve(asked.asked, name, "table", None)
    run = baseline_options.record_name(settled, method)
    record = {
        "schema": 1,
        "kind": "baseline",
        "run": run,
        "config": baseline_options.resolve(settled, method).to_json(),
        "environment": environment(f"scripts/baseline.py --dataset {name}"),
        "data": data(name, "table", rows, N, False, CLASSES[:2]),
        "parents": [],
        "final": {
            "errors": errors,
            "n": N,
            "by_class": {"errors": [errors // 2, errors - errors // 2], "n": [N // 5, 4 * N // 5]},
            "clean_train": {"errors": 10, "n": rows},
        },
        "cost": {"seconds": 2.0},
    }
    return written(records.path_of(folder, name, "baseline", run), record)


def speech(
    folder: Path,
    *,
    seeds: int = 3,
    errors: Mapping[str, Mapping[float | None, int]] | None = None,
) -> None:
    """Writes a study of sounds: two networks, ERM and mixup at two alphas; as many errors of 10,000 as the paper's."""
    papers = {"lenet": {None: 1030, 0.1: 1080, 0.2: 1130}, "vgg11": {None: 460, 0.1: 380, 0.2: 340}}
    for model, arms in (papers if errors is None else errors).items():
        for alpha, count in arms.items():
            for seed in range(seeds):
                train(
                    folder,
                    Model(curve=(4000, count)),
                    alpha=alpha,
                    seed=seed,
                    step=_step(alpha, seed),
                    dataset="spoken_digits",
                    kind="sounds",
                    rows=2700,
                    options={"model": model},
                )


def _step(alpha: float | None, seed: int) -> int:
    """Half of what ERM's seeds differ by is shared by mixup's, so that differences have a spread too."""
    return STEP[seed] if alpha is None else STEP[seed] // 2


def _drawn(name: str) -> dict[str, float]:
    """Of a set that brings its test part: the share that is drawn instead."""
    return {"test_share": 0.2} if name == "iris" else {}


def _loss(model: Model, errors: int, n: int) -> float:
    """As the model says, where so many errors leave it possible."""
    return max(model.cross_entropy, 0.7 * errors / n + 0.01)


def _shape(name: str, kind: str) -> list[int]:
    images = {"digits": [1, 8, 8]}.get(name, [3, 32, 32])
    tables = [2] if name in boundary_options.SETS else [13]
    return {"images": images, "sounds": [1, 64, 63], "table": tables}[kind]


def _shown(data: Mapping[str, Any]) -> str | list[float]:
    """An input as an interpolate record shows it: a red one as a PNG file, the row of a table."""
    if data["kind"] == "table":
        return [0.0] * data["shape"][0]
    file = io.BytesIO()
    Image.new("RGB", data["shape"][:0:-1], (255, 0, 0)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def data(
    name: str, kind: str, rows: int, measured: int, is_holdout: bool, classes: Sequence[str] = CLASSES
) -> dict[str, Any]:
    shape = _shape(name, kind)
    return {
        "name": name,
        "kind": kind,
        "origin": "made for tests",
        "train": rows,
        "measured_on": "holdout" if is_holdout else "test",
        "measured": measured,
        "classes": list(classes),
        "shape": shape,
        "mean": [0.5] * shape[0],
        "std": [0.25] * shape[0],
        "notes": [],
        "fingerprint": sha(f"{name} {rows}"),
    }


def parent_of(folder: Path, path: Path, record: records.Record) -> dict[str, str]:
    return {"record": path.relative_to(folder).as_posix(), "weights": record["weights"]}


def with_config(record: records.Record, **options: Any) -> records.Record:
    """The same of another configuration, and of its name."""
    other = record | {"config": record["config"] | options}
    return other | {"run": consistency.name(other)}


def written(path: Path, record: records.Record) -> Path:
    records.write(path, record)
    return path
