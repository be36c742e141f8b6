"""Points of the user's own, and options."""

import dataclasses
from pathlib import Path

import pytest
from refusal import refused

from common.chance import rng
from common.gan import targets
from common.options import gan as options
from common.options.fields import check
from common.options.gan import GanConfig, GanOptions, record_name, resolve
from scripts import gan
from tests.gan.small import run


# Points of the user's own
def write(name="mine.csv", text=None):
    drawn = rng("test").standard_normal((60, 2)) * [10, 0.1] + [100, 0]
    file = Path(name)
    file.write_text(text or "y,x\n" + "".join(f"{y},{x}\n" for x, y in drawn.round(4)))
    return file


def test_points_of_ones_own():
    record = run("--csv", write())
    assert record["run"] == "csv-mine-saturating-w8-25it-b8-seeds0+3"
    target = record["final"]["target"]
    assert (target["modes"], target["sigma"]) == ([], 0.0)
    assert target["mean"] == [pytest.approx(100, abs=5), pytest.approx(0, abs=0.05)]
    assert target["std"] == [pytest.approx(10, rel=0.3), pytest.approx(0.1, rel=0.3)]
    own = {tuple(place) for place in targets.from_csv(Path("mine.csv")).places.round(3).tolist()}
    assert {tuple(place) for place in target["points"]} <= own
    assert "covered" not in record["curve"][0]
    assert record["curve"][0]["distance"] > 0
    write(text=Path("mine.csv").read_text() + "1,2\n")
    refused(lambda: run("--csv", "mine.csv"), "another measurement", "points is")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x\n1\n", "has no column 'y'; its first line must name x and y"),
        ("x,y\n", "holds no rows"),
        ("x,y\n1,2\n1,a\n", "line 3: column y holds 'a'"),
        ("x,y\n1,2\nnan,2\n", "line 3: column x holds 'nan'"),
        ("x,y\n1,2\n1,3\n", "column x holds one value alone"),
        ("x,y\n1\n", "column y holds None"),
    ],
)
def test_a_csv_file_that_cannot_be_used_is_refused_by_place(text, said):
    refused(lambda: run("--csv", write(text=text)), "mine.csv", said)
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--loss", "wgan"], ["--loss wgan", "r3gan"]),
        (["--alpha", "0.2"], ["--alpha", "--loss mixup", "saturating"]),
        (["--loss", "mixup", "--lam-max", "0.2"], ["--lam-max", "--loss mixup-authors"]),
        (["--loss", "mixup", "--penalty", "1"], ["--penalty", "--loss r3gan"]),
        (["--loss", "mixup", "--alpha", "0"], ["--alpha 0", "(0, 1e6]"]),
        (["--loss", "mixup-authors", "--lam-max", "1.5"], ["--lam-max 1.5"]),
        (["--target", "grid", "--csv", "mine.csv"], ["--target", "--csv"]),
        (["--csv", "none.csv"], ["none.csv", "No such file"]),
        (["--seeds", "1", "1"], ["--seeds 1 1", "twice"]),
        (["--width", "0"], ["--width 0"]),
        (["--iterations", "0"], ["--iterations 0"]),
        (["--discriminator-steps", "0"], ["--discriminator-steps 0"]),
        (["--n-critic", "5"], ["--discriminator-steps"]),
        (["--loss", "r3gan", "--gamma", "5"], ["--penalty"]),
        (["--iters", "5"], ["--iterations"]),
    ],
)
def test_options_that_cannot_be(argv, words):
    refused(lambda: gan.main(argv), *words)


def test_every_option_is_in_the_name_or_said_otherwise():
    """Two configurations never share a name; every field of one decides it."""
    usual = resolve(GanOptions())
    assert record_name(usual) == "ring-saturating"
    another = {
        "width": 4,
        "latent": 5,
        "iterations": 9,
        "discriminator_steps": 1,
        "batch_size": 2,
        "lr": 0.5,
        "seeds": (1,),
    }
    names = {record_name(dataclasses.replace(usual, **{name: value})) for name, value in another.items()}
    for loss, taken in options.TAKES.items():
        for name in taken:
            for value in (0.25, 0.125):
                asked = GanOptions(loss=options.LossOptions(loss, **{name: value}))
                check(asked)
                names.add(record_name(resolve(asked)))
    names |= {record_name(resolve(GanOptions(points=options.PointsOptions(name)))) for name in options.TARGETS}
    assert len(names) == len(another) + 2 * len(options.TAKES) + len(options.TARGETS)
    fields = {field.name for field in dataclasses.fields(GanConfig)}
    assert fields == {
        *another,
        "loss",
        "target",
        "points",
        *(name for taken in options.TAKES.values() for name in taken),
    }


def test_what_is_measured_when():
    assert options.measured_at(20_000) == [*(10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)]
    assert options.shown_at(20_000) == list(options.SNAPSHOTS)
    assert (options.measured_at(7), options.shown_at(7)) == ([7], [7])
    assert options.shown_at(150) == [10, 100, 150]
