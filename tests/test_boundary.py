import json
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import debug_launcher
from sklearn.datasets import make_circles, make_moons
from torch.nn import functional as F

from common import records, toys
from common.chance import rng
from common.errors import UserError
from common.mixup import Mixup
from common.models import Blueprint, build
from common.options.boundary import SETS, BoundaryOptions, ToyOptions, ToyTrainingOptions, record_name, resolve
from common.plan import draw
from scripts import boundary

SMALL = ["--points", "37", "--epochs", "3", "--width", "8", "--grid", "7", "--alphas", "1", "--seeds", "0", "1"]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*argv):
    paths = boundary.main(list(map(str, argv)))
    return [records.read(path) for path in paths]


def measured(record):
    return {key: record[key] for key in ("run", "config", "data", "final")}


def test_the_sets_lie_where_scikit_learn_has_them():
    labels = np.arange(400) % 2
    for ours, theirs in (
        (toys.circles, make_circles(4000, factor=0.8, shuffle=False)),
        (toys.circles_of_the_paper, make_circles(4000, factor=1 / 3, shuffle=False)),
        (toys.moons, make_moons(4000, shuffle=False)),
    ):
        points = ours(rng("test"), labels)
        for label in (0, 1):
            of_class = theirs[0][theirs[1] == label]
            distance = np.linalg.norm(points[labels == label][:, None] - of_class[None], axis=2).min(axis=1)
            assert distance.max() < 0.01


def test_the_arms_of_the_spirals_never_meet():
    labels = np.arange(600) % 2
    points = toys.spirals(rng("test"), labels)
    radius = np.linalg.norm(points, axis=1)
    assert (radius.min(), radius.max()) == (pytest.approx(0.25, abs=0.02), pytest.approx(1, abs=0.01))
    gap = np.linalg.norm(points[labels == 0][:, None] - points[labels == 1][None], axis=2).min()
    assert gap > 0.2


@pytest.mark.parametrize("name", SETS)
def test_points_are_drawn_by_name_and_data_seed_alone(name):
    one, again, other = (toys.drawn(name, 101, 0.1, seed) for seed in (0, 0, 1))
    assert torch.equal(one.train.inputs, again.train.inputs)
    assert not torch.equal(one.train.inputs, other.train.inputs)
    assert one.train.labels.bincount().tolist() == [51, 50]


def test_the_grid_and_the_band():
    places = np.array([[0.0, 5.0], [10.0, 5.0]])
    extent = toys.extent(places)
    assert extent == [(-1.5, 11.5), (4.0, 6.0)]
    grid = toys.grid(extent, 3)
    assert grid.tolist()[:4] == [[-1.5, 4.0], [5.0, 4.0], [11.5, 4.0], [-1.5, 5.0]]
    assert toys.in_band(np.array([0.0, 0.1, 0.1001, 0.5, 0.8999, 0.9, 1.0])) == 3
    assert np.allclose(
        np.linalg.norm(toys.rays().reshape(toys.DIRECTIONS, toys.RADII, 2), axis=2)[5, ::50], [0, 0.25, 0.5, 0.75, 1]
    )


def test_the_band_of_a_known_border():
    class Slope(torch.nn.Module):
        """p(y = 1) falls along the radius as a logistic function of steepness 20 around 1/2."""

        def __init__(self):
            super().__init__()
            self.steepness = torch.nn.Parameter(torch.tensor(20.0))

        def forward(self, x):
            logit = self.steepness * (0.5 - x.norm(dim=1))
            return torch.stack([torch.zeros_like(logit), logit], dim=1)

    got = boundary._along_the_radius(Slope())
    assert got["band_width"] == pytest.approx(2 * np.log(9) / 20, abs=0.01)
    assert got["r"][10] == 0.5
    assert got["p"][10] == pytest.approx(0.5, abs=1e-4)
    assert got["p"][0] == pytest.approx(1 / (1 + np.exp(-10)), abs=1e-4)


def test_the_whole_chain_and_again(capsys):
    first = run(*SMALL, "--sets", "circles-paper", "moons")
    assert [record["run"] for record in first] == [
        f"{name}-points37-w8-alphas1.0-3ep-seeds0+1-grid7" for name in ("circles-paper", "moons")
    ]
    for record in first:
        final = record["final"]
        assert [(m["alpha"], m["seed"]) for m in final["models"]] == [(None, 0), (1.0, 0), (None, 1), (1.0, 1)]
        assert [(m["alpha"], m["seed"]) for m in final["maps"]] == [(None, 0), (1.0, 0)]
        assert all(m["train"]["n"] == 37 and m["band"]["n"] == 49 for m in final["models"])
        assert np.array(final["maps"][0]["p"]).shape == (7, 7)
        assert ("radius" in final["models"][0]) == (record["config"]["set"] == "circles-paper")
        assert len(final["points"]["x"]) == record["data"]["train"] == 37
        for row in final["maps"]:
            within = toys.in_band(np.array(row["p"]))
            (same,) = [m for m in final["models"] if (m["alpha"], m["seed"]) == (row["alpha"], row["seed"])]
            assert abs(within - same["band"]["points"]) <= 1  # the map is rounded
    before = {path: path.stat().st_mtime_ns for path in Path("results").rglob("*.json")}
    capsys.readouterr()
    assert run(*SMALL, "--sets", "circles-paper", "moons") == first
    assert capsys.readouterr().out.count("--overwrite") == 2
    assert {path: path.stat().st_mtime_ns for path in before} == before
    again = run(*SMALL, "--sets", "circles-paper", "moons", "--overwrite")
    assert list(map(measured, again)) == list(map(measured, first))


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("alpha", [None, 1.0])
def test_a_model_is_what_a_plain_loop_trains(alpha, seed):
    (record,) = run(*SMALL, "--sets", "moons")
    config, data = record["config"], toys.drawn("moons", 37, 0.1, 0)
    x, y = data.train.inputs, data.train.labels
    blueprint = Blueprint("mlp", 8, ("0", "1"), (2,), tuple(record["data"]["mean"]), tuple(record["data"]["std"]))
    model = build(blueprint, seed)
    optimizer = torch.optim.SGD(model.parameters(), config["lr"], 0.9, weight_decay=1e-4)
    for epoch in (1, 2, 3):  # 37 points are one step an epoch; the rate drops after steps 2 and 2
        plan = draw(37, 128, seed=seed, epoch=epoch, method=Mixup(alpha), pad=0)
        i, j, lam = plan.order, plan.partner[0], plan.lam[0][:, None]
        target = lam * F.one_hot(y[i], 2) + (1 - lam) * F.one_hot(y[j], 2)
        optimizer.param_groups[0]["lr"] = config["lr"] * (1 if epoch <= 2 else 0.01)
        optimizer.zero_grad()
        F.cross_entropy(model(lam * x[i] + (1 - lam) * x[j]), target).backward()
        optimizer.step()
    (row,) = [m for m in record["final"]["models"] if (m["alpha"], m["seed"]) == (alpha, seed)]
    assert row["train"]["errors"] == (model(x).argmax(1) != y).sum().item()
    assert row["train"]["cross_entropy"] == pytest.approx(F.cross_entropy(model(x), y).item(), rel=1e-4)
    if seed:
        return  # the record keeps the maps of the first seed
    (shown,) = [m for m in record["final"]["maps"] if m["alpha"] == alpha]
    top = model(torch.tensor([[record["final"]["grid"]["x"][1], record["final"]["grid"]["y"][1]]]))
    assert shown["p"][-1][-1] == pytest.approx(top.softmax(1)[0, 1].item(), abs=1e-3)


def test_mixup_widens_the_border_of_the_papers_circles():
    (record,) = run("--sets", "circles-paper", "--alphas", "1", "--seeds", "0", "--epochs", "60", "--points", "200")
    erm, mixup = record["final"]["models"]
    assert erm["train"]["errors"] <= 2
    assert mixup["radius"]["band_width"] > 3 * erm["radius"]["band_width"]
    assert erm["radius"]["p"][0] > 0.99
    assert erm["radius"]["p"][-1] < 0.01


def test_two_processes_draw_what_one_draws():
    argv = [*SMALL, "--sets", "moons"]
    debug_launcher(boundary.main, ([*argv, "--results-dir", "two"],), num_processes=2)
    (alone,) = run(*argv)
    two = records.read(Path("two/toy") / f"boundary-{alone['run']}.json")
    assert two["environment"]["processes"] == 2
    for one, other in zip(alone["final"]["maps"], two["final"]["maps"], strict=True):
        assert np.allclose(one["p"], other["p"], atol=2e-3)


def test_a_plan_leaves_nothing(tmp_path, capsys):
    assert boundary.main([*SMALL, "--plan"]) is None
    out = capsys.readouterr().out
    assert "8 trainings to do" in out
    assert "lam_per=batch" in out
    assert not list(tmp_path.iterdir())


def test_a_set_of_ones_own(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("label, y, x\n" + "".join(f"{'ab'[k % 2]}, {k % 5}, {k % 7}\n" for k in range(30)))
    argv = ["--csv", file, *SMALL[2:]]
    (record,) = run(*argv)
    assert record["data"]["name"] == "csv-mine"
    assert record["data"]["classes"] == ["a", "b"]
    assert record["final"]["points"]["label"] == [k % 2 for k in range(30)]
    assert record["final"]["points"]["x"] == [k % 7 for k in range(30)]
    assert record["config"]["points"] is record["config"]["noise"] is None
    small = tmp_path / "small.csv"  # whose places are told apart by the seventh digit
    small.write_text("x,y,label\n" + "".join(f"{k % 7}e-7,{k % 5}e-7,{'ab'[k % 2]}\n" for k in range(30)))
    (of_small,) = run("--csv", small, *SMALL[2:])
    assert of_small["final"]["points"]["x"] == pytest.approx([k % 7 * 1e-7 for k in range(30)])
    file.write_text(file.read_text().replace("a, 0, 0", "a, 0, 0.5"))
    with pytest.raises(UserError, match=r"another measurement.*data is"):
        run(*argv)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no column 'x'"),
        ("x,y,label\n", "holds no rows"),
        ("x,label\n1,a\n", "no column 'y'"),
        ("x;y;label\n1;2;a\n", "no column 'x'"),
        ("x,y,label\n1,2,a\n\n1,two,b\n", "line 4: column y holds 'two'"),
        ("x,y,label\nnan,2,a\n1,2,b\n", "line 2: column x holds 'nan'"),
        ("x,y,label\n1,1e300,a\n1,2,b\n", "line 2: column y holds '1e300'"),
        ("x,y,label\n1\n1,2,b\n", "line 2: column y holds None"),
        ("x,y,label\n1,2,\n1,2,b\n", "line 2: column label is empty"),
        ("x,y,label\n1,2,a\n1,2,a\n", "two labels, and holds 1: a"),
        ("x,y,label\n1,2,a\n1,2,b\n1,2,c\n", "two labels, and holds 3: a, b, c"),
    ],
)
def test_a_csv_file_that_cannot_be_used_is_refused_by_place(tmp_path, content, message):
    file = tmp_path / "mine.csv"
    file.write_text(content)
    with pytest.raises(UserError) as caught:
        toys.from_csv(file)
    assert message in str(caught.value)
    assert str(file) in str(caught.value)


def test_no_file_no_text_and_a_name_that_no_record_can_have(tmp_path):
    with pytest.raises(UserError, match=r"none[.]csv: No such file"):
        toys.from_csv(tmp_path / "none.csv")
    (tmp_path / "raw.csv").write_bytes(b"x,y,label\n\xff\xfe,1,2\n")
    with pytest.raises(UserError, match=r"raw[.]csv: not a CSV file"):
        toys.from_csv(tmp_path / "raw.csv")
    with pytest.raises(UserError, match="may hold only letters"):
        toys.from_csv(tmp_path / "my points.csv")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--points", "3"], "--points 3"),
        (["--noise", "-1"], "--noise -1"),
        (["--alphas", "0"], "--alphas 0"),
        (["--alphas", "1", "1"], "--alphas 1.0 1.0: names one twice"),
        (["--seeds", "1", "1"], "--seeds 1 1: names one twice"),
        (["--sets", "moons", "moons"], "--sets moons moons"),
        (["--seeds"], "--seeds: needs one"),
        (["--grid", "1"], "--grid 1"),
        (["--csv", "a.csv", "--points", "50"], "--points: means nothing with --csv"),
        (["--csv", "a.csv", "--sets", "moons"], "--sets: means nothing with --csv"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(argv, message):
    with pytest.raises(UserError) as caught:
        boundary.main(argv)
    assert message in str(caught.value)


def test_two_configurations_never_share_a_name():
    changes = [{"points": 50}, {"noise": 0.5}, {"data_seed": 5}]
    trainings = [{"width": 5}, {"alphas": (5.0,)}, {"alphas": ()}, {"epochs": 5}, {"seeds": (5,)}, {"grid": 5}]
    asked = [BoundaryOptions()]
    asked += [BoundaryOptions(data=ToyOptions(**change)) for change in changes]
    asked += [BoundaryOptions(training=ToyTrainingOptions(**change)) for change in trainings]
    names = [record_name(resolve(options, "moons"), precision) for options in asked for precision in ("no", "bf16")]
    assert len(set(names)) == 2 * (1 + len(changes) + len(trainings))
    assert names[0] == "moons"


def test_the_default_record_is_small_enough_to_commit():
    """Its largest part is the maps: 2,601 numbers of at most five characters, with ', ', for each method."""
    side, methods = ToyTrainingOptions().grid, 1 + len(ToyTrainingOptions().alphas)
    assert methods * side**2 * len("0.123, ") < 100_000
    assert len(json.dumps([0.123] * side**2)) < 20_000
