"""What a record says twice, it says alike: records with one field or one bit changed, and how many are believed."""

import copy
import json
from collections import Counter

import pytest
from fixtures import ERM, attack, baseline, boundary, corrupted, gan, interpolate, train

from common import records
from common.errors import UserError
from common.records import ROOT

KINDS = ["train", "corrupted", "baseline", "attack", "interpolate", "boundary", "gan", "benchmark", "endurance"]


def leaves(value, at=()):
    """Places of numbers and names, and what stands there; of a long list, its first, middle and last element's."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*at, key))
    elif isinstance(value, list):
        for number in sorted({0, len(value) // 2, len(value) - 1}) if value else ():
            yield from leaves(value[number], (*at, number))
    else:
        yield at, value


def others(value):
    """What may stand there after a slip."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, 999_999, 2**64, -1]
    if isinstance(value, float):
        return [1.01 * value + 0.001, -value - 1, 1e300]
    return [1, "x"] if value is None else [value + "x", value[:-1]]


def mutants(record):
    """The field, and the record with another value there."""
    for at, value in leaves(record):
        for other in others(value):
            record = copy.deepcopy(record)
            inner = record
            for key in at[:-1]:
                inner = inner[key]
            inner[at[-1]] = other
            yield ".".join("*" if isinstance(key, int) else key for key in at), record
            inner[at[-1]] = value


def is_believed(path, content):
    path.write_bytes(content)
    try:
        records.read(path)
    except UserError as error:
        if not str(error).startswith(f"{path}: "):
            raise
        return False
    return True


def written(kind, folder):
    """A small record of a kind, as its script writes it."""
    options = {"epochs": 4, "subset": 100, "width": 4}
    if kind == "train":
        of_a_table = {"dataset": "abalone", "kind": "table", "options": {"epochs": 4}}
        by_class = {"errors": [500, 60], "n": [4000, 6000]}
        return train(folder, alpha=0.5, seed=3, by_class=by_class, **of_a_table)
    if kind == "corrupted":
        corrupted(folder, shares=(0.2,), seeds=1, arms={(8.0, 0.0): ERM}, options=options | {"test_subset": 2000})
        return next(folder.glob("*/*.json"))
    if kind == "baseline":
        return baseline(folder, "abalone", "mlp", 2000, split=1)
    if kind == "boundary":
        return boundary(folder, {None: (0.08,), 1.0: (0.8,)})
    if kind == "gan":
        return gan(folder, covered=(0, 3))
    if kind in ("benchmark", "endurance"):
        path = folder / kind / min(ROOT.glob(f"results/{kind}/*.json")).name
        records.write(path, records.read(ROOT / "results" / kind / path.name))
        return path
    run = train(folder, options=options)
    return interpolate(folder, run) if kind == "interpolate" else attack(folder, run, run, ERM.white)


def without_digest(path):
    """As a record was before there were digests."""
    record = json.loads(path.read_text())
    del record["digest"]
    return record


# What a record says once, so that another value in reach is believed of one without a digest: how often of each field.
# Of `environment` it is the machine, the command and the versions; of `data` the statistics and the classes' names.
ONCE = {"environment", "data", "cost"}
BELIEVED: dict[str, dict[str, int]] = {
    "train": {
        "environment": 14,
        "data": 17,
        "curve.*.train.loss": 3,
        "curve.*.train.weighted_accuracy": 3,
        "curve.*.test.errors": 1,
        "curve.*.test.cross_entropy": 2,
        "final.clean_train.errors": 1,
        "final.clean_train.cross_entropy": 1,
        "cost": 9,
    },
    "corrupted": {
        "environment": 14,
        "data": 18,
        "curve.*.train.loss": 3,
        "curve.*.train.weighted_accuracy": 3,
        "curve.*.test.errors": 1,
        "curve.*.test.errors_top5": 2,
        "curve.*.test.cross_entropy": 2,
        "curve.*.labels.real.errors": 2,
        "curve.*.labels.corrupted.errors": 2,
        "curve.*.labels.restored.errors": 3,
        "final.clean_train.cross_entropy": 1,
        "cost": 9,
    },
    "baseline": {"environment": 14, "data": 15, "final.clean_train.errors": 1, "cost": 1},
    "attack": {
        "environment": 14,
        "data": 20,
        "final.attacks.*.errors_top5": 2,
        "final.attacks.*.errors_both_right": 3,
        "final.attacks.*.zero_gradients": 2,
        "cost": 3,
    },
    "interpolate": {
        "environment": 14,
        "data": 18,
        "final.loss": 2,
        "final.between.*.misses.misses": 3,
        "final.between.*.misses_different.misses": 3,
        "final.between.*.off_linear": 3,
        "final.between.*.gradient_norm.loss.mean": 3,
        "final.between.*.gradient_norm.loss.quantiles.0.1": 3,
        "final.between.*.gradient_norm.loss.quantiles.0.5": 3,
        "final.between.*.gradient_norm.loss.quantiles.0.9": 3,
        "final.between.*.gradient_norm.logit.mean": 3,
        "final.between.*.gradient_norm.logit.quantiles.0.1": 3,
        "final.between.*.gradient_norm.logit.quantiles.0.5": 3,
        "final.between.*.gradient_norm.logit.quantiles.0.9": 3,
        "final.examples.*.rows.*": 2,
        "final.examples.*.labels.*": 1,
        "final.examples.*.p.*.*": 7,
        "cost": 4,
    },
    "boundary": {
        "environment": 14,
        "data": 12,
        "final.grid.x.*": 2,
        "final.grid.y.*": 2,
        "final.points.x.*": 5,
        "final.points.y.*": 5,
        "final.points.label.*": 1,
        "final.models.*.train.errors": 2,
        "final.models.*.train.cross_entropy": 2,
        "final.models.*.radius.band_width": 2,
        "final.models.*.radius.r.*": 8,
        "final.models.*.radius.p.*": 4,
        "final.maps.*.p.*.*": 12,
        "cost": 5,
    },
    "gan": {
        "environment": 14,
        "curve.*.outside": 3,
        "curve.*.distance": 3,
        "curve.*.discriminator_loss": 6,
        "curve.*.generator_loss": 6,
        "final.target.modes.*.*": 7,
        "final.target.floor": 1,
        "final.target.points.*.*": 12,
        "final.shown.*.x.*": 9,
        "final.shown.*.y.*": 9,
        "cost": 5,
    },
    "benchmark": {
        "environment": 24,
        "final.counts.fgsm_ours.*": 6,
        "final.counts.fgsm_plain.*": 6,
        "final.counts.pgd_ours.*": 2,
        "final.counts.pgd_plain.*": 2,
        "final.seconds.fgsm_ours.*": 2,
        "final.seconds.fgsm_plain.*": 2,
        "final.seconds.pgd_ours.*": 3,
        "final.seconds.pgd_plain.*": 3,
        "cost": 1,
    },
    "endurance": {
        "config.real_every": 2,
        "config.training": 2,
        "environment": 26,
        "data": 20,
        "final.through_the_shell": 1,
        "final.attempts": 2,
        "final.losses": 2,
        "final.slowest_end_seconds": 1,
        "cost": 1,
    },
}
OLD = {  # how many of about 500 flipped bits of a committed record, its digest left out where it has one
    "digits/train-digits-smallcnn-erm-seed0.json": 42,
    "abalone/baseline-abalone-mlp-seed0.json": 113,
    "digits/interpolate-digits-smallcnn-erm-seed1.json": 39,
    "digits/attack-digits-smallcnn-erm-seed2--digits-smallcnn-erm-seed0.json": 45,
    "toy/boundary-moons-seeds0+1+2+3+4.json": 68,
    "benchmark/benchmark-train-preactresnet18-w16-b128-2threads.json": 90,
    "endurance/endurance-kills120-seed0.json": 136,
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_field_changed(tmp_path, kind):
    path = written(kind, tmp_path)
    record = without_digest(path)
    end = path.read_text().splitlines()[-2]
    believed, tried = Counter(), 0
    other = tmp_path / "other.json"
    for field, mutant in mutants(record):
        text = records._text(mutant)
        part = field.partition(".")[0]
        believed[part if part in ONCE else field] += is_believed(other, text.encode())
        assert not is_believed(other, (text.removesuffix("\n}") + f",\n{end}\n}}\n").encode())
        tried += 1
    assert tried > 130
    assert dict(+believed) == BELIEVED[kind]


def flipped(content, times):
    step = 8 * len(content) // times | 1  # odd, so that each bit of a byte has its turn
    for bit in range(0, 8 * len(content), step):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


@pytest.mark.parametrize("kind", KINDS)
def test_one_bit_flipped(tmp_path, kind):
    path, other = written(kind, tmp_path), tmp_path / "other.json"
    assert is_believed(other, path.read_bytes())
    assert not any(is_believed(other, content) for content in flipped(path.read_bytes(), 200))


@pytest.mark.parametrize("path", OLD)
def test_one_bit_flipped_in_a_record_without_a_digest(tmp_path, path):
    record, other = json.loads((ROOT / "results" / path).read_text()), tmp_path / "other.json"
    record.pop("digest", None)
    content = records._text(record).encode()
    believed = sum(is_believed(other, one) for one in flipped(content, 500))
    assert believed == OLD[path]
