import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import debug_launcher
from refusal import refused
from torch import nn
from torch.nn import functional as F

from common import checkpoints, records
from common.chance import rng
from common.checkpoints import Checkpoint
from common.gan import losses, measures, pair, targets
from common.gan.networks import Perceptrons
from common.options import gan as options
from common.options.fields import check
from common.options.gan import GanConfig, GanOptions, record_name, resolve
from scripts import gan

CPU = torch.device("cpu")
SMALL = ["--width", "8", "--iterations", "25", "--batch-size", "8", "--seeds", "0", "3", "--threads", "1"]
LOSSES = ["saturating", "mixup", "mixup-authors", "non-saturating", "r3gan"]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _few_are_measured(monkeypatch):
    """As many as tell, and no more."""
    monkeypatch.setattr(gan, "MEASURED", 500)
    monkeypatch.setattr(options, "MEASURED", 500)


def run(*argv):
    return records.read(gan.main([*SMALL, *map(str, argv)]))


def measured(record):
    return {key: record[key] for key in ("run", "config", "curve", "final")}


def config(loss="saturating", **changes):
    usual = options.TAKES.get(loss, {}) | {"width": 8, "batch_size": 8, "seeds": (0, 3), "iterations": 25}
    return GanConfig(loss=loss, target="ring", **(usual | changes))


def quadratic(matrix):
    """d(x) = x' A x of each row, whose gradient is (A + A') x."""
    return lambda x: torch.einsum("sni,ij,snj->sn", x, matrix, x)


# Losses


def points(*shape):
    return torch.from_numpy(rng("test", *shape).standard_normal(shape)).float()


def discriminator(seeds=(0, 1)):
    network = Perceptrons("discriminator", [2, 8, 8, 1], seeds)
    return lambda x: network(x).squeeze(-1)


def test_lambda_one_on_real_and_zero_on_fake_is_the_plain_loss_to_the_bit():
    d, real, fake = discriminator(), points(2, 6, 2), points(2, 6, 2) + 1
    lam = torch.cat([torch.ones(2, 6), torch.zeros(2, 6)], dim=1)
    mixed = losses.mixed(d, torch.cat([real, real], dim=1), torch.cat([fake, fake], dim=1), lam)
    assert torch.equal(mixed, losses.plain(d, real, fake))


def test_the_papers_losses_are_what_the_paper_writes():
    d, real, fake, lam = discriminator(), points(2, 6, 2), points(2, 6, 2) + 1, torch.rand(2, 6)
    p = torch.sigmoid
    plain = (-p(d(real)).log().mean(1) - (1 - p(d(fake))).log().mean(1)) / 2
    x = lam[..., None] * real + (1 - lam[..., None]) * fake
    mixed = -(lam * p(d(x)).log() + (1 - lam) * (1 - p(d(x))).log()).mean(1)
    assert torch.allclose(losses.plain(d, real, fake), plain, atol=1e-6)
    assert torch.allclose(losses.mixed(d, real, fake, lam), mixed, atol=1e-6)
    assert torch.allclose(losses.saturating(d, real, fake), (1 - p(d(fake))).log().mean(1), atol=1e-6)
    assert torch.allclose(losses.non_saturating(d, real, fake), -p(d(fake)).log().mean(1), atol=1e-6)
    assert torch.allclose(losses.relativistic_generator(d, real, fake), -p(d(fake) - d(real)).log().mean(1), atol=1e-6)


def test_the_authors_mix_rows_of_two_shuffled_unions():
    """Row by row, in a plain loop."""
    d, n, share = discriminator((0,)), 3, torch.rand(1, 6)
    real, fake = points(1, 2 * n, 2), points(1, 2 * n, 2) + 1
    first, second = (torch.from_numpy(rng("test", k).permutation(2 * n))[None] for k in (0, 1))
    found = losses.mixed_unions(d, real, fake, first, second, share)
    wanted = []
    for row in range(2 * n):
        halves = []
        for start, order in ((0, first), (n, second)):
            k = order[0, row].item()
            halves.append((real[0, start + k], 1.0) if k < n else (fake[0, start + k - n], 0.0))
        (x, y), (other_x, other_y) = halves
        a = share[0, row]
        logit = d((a * x + (1 - a) * other_x)[None, None])[0, 0]
        wanted.append(F.binary_cross_entropy_with_logits(logit, a * y + (1 - a) * other_y))
    assert found.item() == pytest.approx(torch.stack(wanted).mean().item(), abs=1e-6)


def test_the_coefficient_is_drawn_as_each_says():
    (lam,) = losses.draw_lambda(0.2, rng("test"), 20_000)
    assert (lam.mean(), lam.var()) == (pytest.approx(0.5, abs=0.01), pytest.approx(0.25 / 1.4, abs=0.005))
    first, second, share = losses.draw_unions(0.2, rng("test"), 10_000)
    assert sorted(first) == sorted(second) == list(range(20_000))
    assert not np.array_equal(first, second)
    assert (share.min() >= 0, share.max()) == (True, pytest.approx(0.2, abs=1e-3))
    assert share.mean() == pytest.approx(0.1, abs=0.002)


def test_the_penalty_is_that_of_a_quadratic_and_its_gradient_goes_on():
    matrix = torch.tensor([[1.0, 2.0], [0.0, -3.0]], requires_grad=True)
    x = points(1, 5, 2)
    logits, steepness = losses.with_steepness(quadratic(matrix), x)
    gradient = x @ (matrix + matrix.T)
    assert torch.allclose(logits, torch.einsum("sni,ij,snj->sn", x, matrix, x))
    assert torch.allclose(steepness, gradient.square().sum(2))
    (found,) = torch.autograd.grad(steepness.sum(), matrix)
    (wanted,) = torch.autograd.grad(gradient.square().sum(), matrix)
    assert torch.allclose(found, wanted)
    real, fake = points(1, 5, 2), points(1, 5, 2) + 2
    whole = losses.relativistic(0.5, quadratic(matrix), real, fake)
    r1, r2 = ((at @ (matrix + matrix.T)).square().sum(2).mean() for at in (real, fake))
    told = F.softplus(quadratic(matrix)(fake) - quadratic(matrix)(real)).mean()
    assert whole.item() == pytest.approx((told + 0.25 * (r1 + r2)).item(), rel=1e-5)


# Networks


def one_of(network, place):
    """The perceptron of one seed, built of torch's own layers."""
    layers = []
    for weight, bias in zip(network.weights, network.biases, strict=True):
        layer = nn.Linear(*weight.shape[1:])
        layer.load_state_dict({"weight": weight[place].T, "bias": bias[place, 0]})
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def test_a_seeds_network_is_torchs_perceptron_wherever_it_stands():
    together, alone = (Perceptrons("generator", [2, 8, 8, 2], seeds) for seeds in ((5, 7), (7,)))
    assert all(torch.equal(a[1], b[0]) for a, b in zip(together.parameters(), alone.parameters(), strict=True))
    x = points(2, 4, 2)
    for place in (0, 1):
        assert torch.allclose(together(x)[place], one_of(together, place)(x[place]), atol=1e-6)
    wide = Perceptrons("generator", [100, 400, 2], (0,))
    assert wide.weights[0].abs().max() <= 0.1
    assert wide.weights[0].std().item() == pytest.approx(0.1 / math.sqrt(3), rel=0.02)
    assert not torch.equal(wide.weights[0], Perceptrons("discriminator", [100, 400, 2], (0,)).weights[0])


@pytest.mark.parametrize("loss", LOSSES)
def test_each_seed_is_what_it_is_alone(loss):
    ring = targets.ring()
    together = pair.begin(config(loss), CPU)
    alone = pair.begin(config(loss, seeds=(3,)), CPU)
    for iteration in range(1, 6):
        both = together.iterate(pair.draw(config(loss), ring, together.loss, iteration, CPU))
        one = alone.iterate(pair.draw(config(loss, seeds=(3,)), ring, alone.loss, iteration, CPU))
    assert torch.allclose(both[:, 1], one[:, 0], atol=1e-5)
    latent = pair.fixed_latent(config(), 50, CPU)
    assert np.allclose(together.samples(latent)[1], alone.samples(latent[:1])[0], atol=1e-4)
    assert not np.allclose(together.samples(latent)[0], together.samples(latent)[1], atol=1e-2)


def test_a_seed_that_diverges_leaves_the_others_alone():
    ring, whole, broken = targets.ring(), pair.begin(config(), CPU), pair.begin(config(), CPU)
    with torch.no_grad():
        broken.generator.network.weights[0][0] = math.nan
    for iteration in range(1, 4):
        drawn = pair.draw(config(), ring, whole.loss, iteration, CPU)
        ours, theirs = whole.iterate(drawn), broken.iterate(drawn)
    assert torch.equal(ours[:, 1], theirs[:, 1])
    assert theirs[:, 0].isnan().all()


def test_a_step_of_either_changes_nothing_of_the_other():
    learning = pair.begin(config(discriminator_steps=1), CPU)
    g, d = learning.generator.network, learning.discriminator.network
    steps = pair.draw(config(discriminator_steps=1), targets.ring(), learning.loss, 1, CPU)
    seen = {}
    for network, name in ((g, "g"), (d, "d")):
        seen[name] = [parameter.clone() for parameter in network.parameters()]
    d_step, g_step = learning.discriminator.step, learning.generator.step

    def after_discriminator():
        d_step()
        assert all(torch.equal(a, b) for a, b in zip(seen["g"], g.parameters(), strict=True))
        assert all(parameter.grad is None for parameter in g.parameters())
        seen["d"] = [parameter.clone() for parameter in d.parameters()]

    def after_generator():
        assert all(parameter.grad is None for parameter in d.parameters())
        g_step()
        assert all(torch.equal(a, b) for a, b in zip(seen["d"], d.parameters(), strict=True))
        assert not any(torch.equal(a, b) for a, b in zip(seen["g"], g.parameters(), strict=True))

    object.__setattr__(learning.discriminator, "step", after_discriminator)
    object.__setattr__(learning.generator, "step", after_generator)
    learning.iterate(steps)


@pytest.mark.parametrize("loss", ["saturating", "mixup"])
def test_an_iteration_is_that_of_a_plain_loop(loss):
    """Of one seed, with torch's own layers and Adam."""
    asked = config(loss, seeds=(3,), discriminator_steps=2)
    ours = pair.begin(asked, CPU)
    g, d = one_of(ours.generator.network, 0), one_of(ours.discriminator.network, 0)
    of_g, of_d = torch.optim.Adam(g.parameters()), torch.optim.Adam(d.parameters())
    for iteration in (1, 2, 3):
        drawn = pair.draw(asked, targets.ring(), ours.loss, iteration, CPU)
        ours.iterate(drawn)
        for step in drawn[:-1]:
            x, fake = step.real[0], g(step.latent[0]).detach()
            y = torch.cat([torch.ones(8), torch.zeros(8)])
            if loss == "mixup":
                (lam,) = step.mixing
                y = lam[0]
                x = y[:, None] * x + (1 - y[:, None]) * fake
            else:
                x = torch.cat([x, fake])
            of_d.zero_grad()
            F.binary_cross_entropy_with_logits(d(x)[:, 0], y).backward()
            of_d.step()
        of_g.zero_grad()
        (-F.binary_cross_entropy_with_logits(d(g(drawn[-1].latent[0]))[:, 0], torch.zeros(8))).backward()
        of_g.step()
    latent = pair.fixed_latent(asked, 50, CPU)
    assert np.allclose(ours.samples(latent)[0], g(latent[0]).detach().numpy(), atol=1e-5)


def test_every_loss_meets_the_same_points_from_the_same_weights():
    ring = targets.ring()
    steps = {}
    for loss in ("saturating", "mixup", "r3gan"):
        one = pair.begin(config(loss), CPU)
        steps[loss] = pair.draw(config(loss), ring, one.loss, 7, CPU)
        assert torch.equal(one.generator.network.weights[1], pair.begin(config(), CPU).generator.network.weights[1])
    for one, other in zip(steps["saturating"], steps["mixup"], strict=True):
        assert torch.equal(one.real, other.real)
        assert torch.equal(one.latent, other.latent)
    assert len(steps["mixup"]) == 6
    assert [len(step.mixing) for step in steps["mixup"]] == [1] * 5 + [0]
    assert not torch.equal(steps["mixup"][0].mixing[0], steps["mixup"][1].mixing[0])
    again = pair.draw(config("mixup"), ring, pair.begin(config("mixup"), CPU).loss, 8, CPU)
    assert not torch.equal(again[0].real, steps["mixup"][0].real)


# Targets and measures


def test_the_targets_are_the_authors():
    ring, grid, grid10 = (targets.named(name) for name in options.TARGETS)
    assert [len(one.places) for one in (ring, grid, grid10)] == list(options.TARGETS.values())
    assert np.allclose(np.linalg.norm(ring.places, axis=1), 1)
    assert np.allclose(ring.places[0], [0, 1])
    assert np.unique(grid.places.round(6)).tolist() == [-1, -0.5, 0, 0.5, 1]
    assert len(np.unique(grid10.places.round(6), axis=0)) == 100
    drawn = grid.draw(rng("test"), 50_000)
    nearest = np.linalg.norm(drawn[:, None] - grid.places[None], axis=2)
    assert np.bincount(nearest.argmin(axis=1)).min() > 1800
    assert (nearest.min(axis=1) ** 2).mean() == pytest.approx(2 * 0.01**2, rel=0.02)
    assert [edge.tolist() for edge in grid.window] == [[-1.25, -1.25], [1.25, 1.25]]


def a_sample(target, which):
    return target.places[np.asarray(which)] + 0.02


def test_known_samples_have_known_measures():
    ring = targets.ring()
    fresh = ring.draw(rng("test"), 800)
    even = measures.measure(ring, a_sample(ring, np.arange(800) % 8), fresh)
    assert (even["hits"], even["covered"], even["balance"]) == ([100] * 8, 8, 0.0)
    assert (even["outside"], even["not_finite"]) == (0, 0)
    one = measures.measure(ring, a_sample(ring, [5] * 800), fresh)
    assert (one["hits"][5], one["covered"], one["balance"]) == (800, 1, pytest.approx(math.log(8)))
    assert one["distance"] > 10 * even["distance"]
    none = measures.measure(ring, np.full((800, 2), 0.5), fresh)
    assert (none["hits"], none["covered"], "balance" in none) == ([0] * 8, 0, False)
    lost = a_sample(ring, np.arange(800) % 8)
    lost[0], lost[1], lost[2] = math.nan, (math.inf, 0), (1.3, 0)
    broken = measures.measure(ring, lost, fresh)
    assert (broken["not_finite"], broken["outside"], "distance" in broken) == (2, 3, False)
    assert broken["hits"] == [99] * 3 + [100] * 5
    away = measures.measure(ring, np.full((800, 2), math.nan), fresh)
    assert (away["outside"], away["covered"], away["hits"]) == (800, 0, [0] * 8)


def test_a_mode_counts_from_a_tenth_of_its_even_share():
    assert measures.of_modes([10, 9, 0, 81], 400)["covered"] == 2
    assert measures.of_modes([10, 10, 10, 10], 400)["balance"] == 0
    assert measures.of_modes([30, 10], 40)["balance"] == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    ring = targets.ring()
    at = ring.places[:1] + np.array([[0.0, 0.0299], [0.0301, 0.0]])
    assert measures.hits(ring, at) == [1, *[0] * 7]


def test_the_distance_is_scipys_along_each_line():
    from scipy.stats import wasserstein_distance

    one, other = (rng("test", k).standard_normal((300, 2)) * [1, k + 1] for k in (0, 1))
    angles = np.pi * np.arange(measures.DIRECTIONS) / measures.DIRECTIONS
    lines = [np.array([math.cos(angle), math.sin(angle)]) for angle in angles]
    wanted = np.mean([wasserstein_distance(one @ line, other @ line) for line in lines])
    assert measures.sliced_wasserstein(one, other) == pytest.approx(wanted)
    assert measures.sliced_wasserstein(one, one + np.array([3, 0])) == pytest.approx(6 / math.pi, rel=1e-2)


def test_the_modern_loss_finds_most_of_a_ring_of_broad_modes():
    broad = dataclasses.replace(targets.ring(), sigma=0.05)
    asked = config("r3gan", penalty=0.1, width=32, batch_size=64, discriminator_steps=1, seeds=(0, 1))
    learning = pair.begin(asked, CPU)
    latent, fresh = pair.fixed_latent(asked, 2000, CPU), broad.draw(rng("test"), 2000)
    untrained = [measures.measure(broad, sample, fresh) for sample in learning.samples(latent)]
    for iteration in range(1, 501):
        learning.iterate(pair.draw(asked, broad, learning.loss, iteration, CPU))
    trained = [measures.measure(broad, sample, fresh) for sample in learning.samples(latent)]
    assert max(row["covered"] for row in untrained) <= 1
    for before, after in zip(untrained, trained, strict=True):
        assert after["covered"] >= 6
        assert sum(after["hits"]) > 0.25 * after["n"] > 10 * sum(before["hits"])
        assert after["distance"] < before["distance"] / 4


# The script


@pytest.mark.parametrize("loss", LOSSES)
def test_the_whole_chain_and_again(capsys, loss):
    first = run("--loss", loss)
    taken = "".join(str(value) for value in options.TAKES.get(loss, {}).values())
    assert first["run"] == f"ring-{loss}{taken}-w8-25it-b8-seeds0+3"
    assert [(row["iteration"], row["seed"]) for row in first["curve"]] == [
        (at, seed) for at in (10, 20, 25) for seed in (0, 3)
    ]
    assert [(row["iteration"], row["seed"]) for row in first["final"]["shown"]] == [
        (at, seed) for at in (10, 25) for seed in (0, 3)
    ]
    assert first["final"]["target"]["floor"] < 0.1
    assert first["cost"]["parameters"] == 2 * 8 + 8 + 2 * (8 * 8 + 8) + 8 * 2 + 2 + 2 * 8 + 8 + 2 * (8 * 8 + 8) + 8 + 1
    assert first["environment"]["precision"] == "no"
    capsys.readouterr()
    assert run("--loss", loss) == first
    assert "is finished" in capsys.readouterr().out
    assert measured(run("--loss", loss, "--overwrite")) == measured(first)
    assert [path.name for path in Path("checkpoints").iterdir()] == []


def test_a_record_says_what_the_generators_make():
    record = run()
    learning = pair.begin(config(), CPU)
    for iteration in range(1, 26):
        learning.iterate(pair.draw(config(), targets.ring(), learning.loss, iteration, CPU))
    samples = learning.samples(pair.fixed_latent(config(), 500, CPU))
    for sample, row, shown in zip(samples, record["curve"][-2:], record["final"]["shown"][-2:], strict=True):
        wanted = measures.measure(targets.ring(), sample, targets.ring().draw(rng("gan fresh"), 500))
        assert {name: row[name] for name in wanted} == wanted
        inside = sample[:256][(np.abs(sample[:256]) <= 1.25).all(axis=1)].round(3)
        assert [shown["x"], shown["y"]] == inside.T.tolist()


def test_there_are_more_iterations_than_points_and_seeds_are_any(monkeypatch):
    monkeypatch.setattr(gan.pair, "draw", lambda *of: [])
    monkeypatch.setattr(pair.Pair, "iterate", lambda self, steps: torch.zeros(2, 2))
    record = run("--iterations", 20_000, "--seeds", 1, 100_000)
    assert [record["curve"][-1][name] for name in ("iteration", "seed", "n")] == [20_000, 100_000, 500]


@pytest.mark.parametrize("stop", [1, 2, 3])
@pytest.mark.parametrize("loss", ["mixup", "r3gan"])
def test_stopped_it_goes_on_to_the_same_bits(monkeypatch, capsys, loss, stop):
    whole = run("--loss", loss, "--results-dir", "whole", "--checkpoint-dir", "other")
    monkeypatch.setattr(gan, "SAVE_EVERY", 7)
    save, saves = Checkpoint.save, []

    def save_and_stop(self, **state):
        save(self, **state)
        saves.append(state["iteration"])
        if len(saves) == stop:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            run("--loss", loss)
    assert saves == [7, 10, 14][:stop]
    capsys.readouterr()
    again = run("--loss", loss)
    assert f"Goes on after iteration {saves[-1]} of 25" in capsys.readouterr().out
    assert measured(again) == measured(whole)
    assert list(Path("checkpoints").iterdir()) == []


def test_what_overwrite_began_goes_on_without_it(monkeypatch, capsys):
    """The record of before is there all the while."""
    first = run()
    monkeypatch.setattr(gan, "SAVE_EVERY", 7)
    save = Checkpoint.save

    def save_and_stop(self, **state):
        save(self, **state)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            run("--overwrite")
    capsys.readouterr()
    again = run()
    assert "Goes on after iteration 7 of 25" in capsys.readouterr().out
    assert measured(again) == measured(first)
    assert list(Path("checkpoints").iterdir()) == []


def test_a_state_of_something_else_is_refused_and_stays():
    state = Path("checkpoints", "ring-saturating-w8-25it-b8-seeds0+3.state")
    state.parent.mkdir()
    state.write_bytes(b"a foreign file")
    refused(run, state, "--overwrite")
    assert state.read_bytes() == b"a foreign file"
    kept = {"config": json.dumps(config().to_json()), "fingerprint": None, "precision": "no", "shown": []}
    whole = {"iteration": 9, "seconds": 1.0, "curve": []}
    for other in ({"iteration": 26}, {"iteration": 10}, {"seconds": 1}, {"shown": None}, {"curve": [{"seed": 0}]}):
        checkpoints.save_state(state, kept | whole | other)
        refused(run, state, "not a checkpoint", "--overwrite")
    checkpoints.save_state(state, kept | whole)
    refused(run, state, "does not fit the network", "--overwrite")
    assert not Path("results").exists()


def test_what_diverges_is_measured_and_said():
    """At a rate that no network bears."""
    record = run("--lr", "1000", "--iterations", "60", "--loss", "non-saturating")
    last = record["curve"][-2:]
    assert any(row["outside"] > 400 for row in last)
    for row in record["curve"]:
        assert row["diverged"] == ("generator_loss" not in row)


def test_a_plan_leaves_nothing(tmp_path, capsys):
    assert gan.main([*SMALL, "--plan"]) is None
    assert "2 seeds at once" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_several_processes_are_refused():
    with pytest.raises(Exception, match="without --num_processes"):
        debug_launcher(gan.main, (SMALL,), num_processes=2)


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
