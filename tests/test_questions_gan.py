"""GANs in the plane: how many modes each loss covers, which seed is shown, and whether mixup covers more."""

from dataclasses import replace

import pandas as pd
import pytest
from scipy import stats

from analysis.collect import collect
from analysis.judging import judged
from analysis.methods import Method
from analysis.questions import CLAIMS, show
from analysis.questions import gan as question
from common import records
from common.options import gan as options
from common.options.fields import as_json
from tests import fixtures
from tests.asking import drawn

COVERED = {"saturating": (1, 0, 3, 1, 2), "mixup": (8, 7, 8, 6, 8), "non-saturating": (5, 4, 6, 3, 5)}
# Of the grid nothing is asked here but that it stands beside: the rows of the ring under its name.


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    """The results of GANs on the ring, five seeds each."""
    return written(tmp_path_factory.mktemp("ring"))


def written(folder, **changes):
    for loss, covered in (COVERED | changes).items():
        fixtures.gan(folder, loss, covered)
    return collect(folder)


def with_grid(results):
    return replace(results, gans=pd.concat([results.gans, results.gans.assign(target="grid", setting="grid-w8-12it")]))


def p22(results):
    (verdict,) = [verdict for claim, verdict in judged(CLAIMS, results) if claim.id == "P22"]
    return verdict


def test_a_row_a_seed_and_iteration(ring):
    assert ring.problems == []
    rows = ring.gans[(ring.gans["method"] == Method(0.2)) & (ring.gans["iteration"] == 12)]
    assert rows["covered"].tolist() == [100, 87.5, 100, 75, 100]
    assert rows["setting"].unique().tolist() == ["ring-w8-12it"]
    one = rows.iloc[3]  # 125 to 130 in six modes, 12 in each of two others
    assert one["share"] == pytest.approx(100 * (sum(range(125, 131)) + 24) / options.MEASURED)
    assert (one["outside"], one["distance"], one["floor"], one["diverged"]) == (0.9, 0.25, 0.01, False)
    assert set(map(str, ring.gans["method"])) == {"plain loss", "mixup α=0.2", "non-saturating loss"}


def test_a_loss_of_another_number_is_another_method():
    def named(loss, **numbers):
        steps = {name: numbers.pop(name) for name in ("discriminator_steps",) if name in numbers}
        training = options.GanTrainingOptions(**steps)
        asked = options.GanOptions(loss=options.LossOptions(loss, **numbers), training=training)
        return str(Method.of_gan(as_json(options.resolve(asked))))

    assert [named("r3gan"), named("r3gan", penalty=0.1)] == ["R3GAN", "R3GAN (penalty 0.1)"]
    assert named("mixup", alpha=1.0) == "mixup α=1"
    assert named("r3gan", penalty=0.1, discriminator_steps=1) == "R3GAN (penalty 0.1, discriminator steps 1)"
    names = ["the authors' code", "the authors' code (λ up to 0.5)"]
    assert [named("mixup-authors"), named("mixup-authors", lam_max=0.5)] == names


def test_more_modes_are_claimed_of_each_target_and_opponent(ring):
    verdict = p22(with_grid(ring))
    assert (verdict.status, verdict.n) == ("holds", 5)
    assert [part.says.split(",")[0] for part in verdict.parts] == ["ring", "ring", "grid", "grid"]
    gains = [100 * (8 - plain) / 8 for plain in (1, 1, 3, 3, 2)]  # mixup 8 7 8 6 8 less 1 0 3 1 2
    assert gains == [87.5, 87.5, 62.5, 62.5, 75]
    low, high = stats.ttest_1samp(gains, 0).confidence_interval(0.95)
    said = "ring, 5 paired seeds: modes covered: plain loss 17.50 %, mixup α=0.2 92.50 %, difference +75.00 points"
    assert f"{said} [+{low:.2f}, +{high:.2f}]" in verdict.sentence
    assert not verdict.commands


def test_it_fails_where_mixup_covers_fewer_and_is_open_where_it_is_even(tmp_path):
    verdict = p22(written(tmp_path, mixup=(4, 4, 4, 4, 4), **{"non-saturating": (8, 7, 8, 6, 8)}))
    assert [part.status for part in verdict.parts] == ["holds", "fails"]
    assert verdict.status == "fails"
    even = p22(written(tmp_path / "even", mixup=(4, 5, 4, 5, 4), **{"non-saturating": (5, 4, 4, 5, 4)}))
    assert [part.status for part in even.parts] == ["holds", "undecided"]


def test_too_few_seeds_and_none(tmp_path):
    few = p22(written(tmp_path, **{loss: covered[:4] for loss, covered in COVERED.items()}))
    assert (few.status, few.n) == ("too few runs", 4)
    assert "study.py gan" in few.commands[0]
    for folder, losses in ((tmp_path / "none", []), (tmp_path / "plain", ["saturating"])):
        folder.mkdir()
        for loss in losses:
            fixtures.gan(folder, loss, COVERED[loss])
        verdict = p22(collect(folder))
        assert verdict.status == "not run"
        assert "study.py gan" in verdict.commands[0]
    nothing = collect(tmp_path / "none")
    for name in ("gan-ring", "gan-grid", "gan-modes"):
        assert show(name, nothing).picture is None
        assert "study.py gan" in show(name, nothing).missing
    assert not show("table-gan", nothing).shows


def test_other_steps_of_the_discriminator_are_no_pair(ring):
    rows = ring.gans
    mixed = rows["method"] == question.MIXUP
    of_one = Method(0.2, more=(("discriminator_steps", 1),), says_one=True)
    assert str(of_one) == "mixup α=0.2, discriminator steps 1"
    other = rows.assign(method=rows["method"].where(~mixed, of_one))
    assert p22(replace(ring, gans=other)).status == "not run"


def test_what_was_trained_otherwise_stands_apart_and_a_seed_counts_once(ring):
    short = ring.gans.assign(setting="ring-w8-2it", covered=0.0)
    again = ring.gans[ring.gans["seed"] == 0].assign(record="another", covered=0.0)
    table = show("table-gan", replace(ring, gans=pd.concat([ring.gans, short, again])))
    assert table.frame["setting"].tolist() == ["ring-w8-12it"] * 3 + ["ring-w8-2it"] * 3
    assert table.frame["n"].tolist() == ["5"] * 6
    assert table.frame["modes covered (%)"].tolist()[:3] == show("table-gan", ring).frame["modes covered (%)"].tolist()


def test_of_several_widths_the_one_of_most_pairs(ring):
    wide = ring.gans[ring.gans["seed"] == 0].assign(width=512, covered=0.0, setting="ring")
    both = replace(ring, gans=pd.concat([wide, ring.gans]))
    assert set(question.shown(both)["ring"]["width"]) == {8}
    assert p22(both).sentence == p22(ring).sentence
    table = show("table-gan", both)
    assert table.frame["setting"].tolist() == ["ring"] * 3 + ["ring-w8-12it"] * 3


def test_the_seed_that_is_shown_is_the_median_by_coverage(ring):
    def of(loss):
        rows = ring.gans[ring.gans["method"] == loss]
        return question.in_the_middle(question.at_the_end(rows))["seed"]

    assert [of(question.PLAIN), of(question.MIXUP), of(question.FAIR)] == [3, 0, 0]  # 1 of 0 1 1 2 3; 8 of 6 7 8 8 8
    four = ring.gans[(ring.gans["method"] == question.MIXUP) & (ring.gans["seed"] < 4)]
    assert question.in_the_middle(question.at_the_end(four))["seed"] == 1  # 7, of 6 7 8 8
    figure = show("gan-ring", ring)
    said = (
        "plain loss: 1 of 8 (seed 3 of 5 seeds); mixup α=0.2: 8 of 8 (seed 0 of 5 seeds); non-saturating loss: 5 of 8"
    )
    assert said in figure.caption
    assert "the median by modes covered" in figure.caption
    axes = figure.picture.axes
    assert [ax.get_title() for ax in axes[:2]] == ["iteration 10", "iteration 12"]
    assert [ax.get_ylabel() for ax in axes[::2]] == ["plain", "mixup α=0.2", "non-saturating"]
    assert list(drawn(axes[1])["_plain loss, 12"].get_xdata()) == [0.5, -0.125]
    assert axes[0].get_xlim() == (-1.25, 1.25)
    assert set(figure.data["seed"]) == {0, 3}


def test_modes_over_iterations_of_every_seed(ring):
    figure = show("gan-modes", ring)
    top = drawn(figure.picture.axes[0])
    assert {name for name in top if "seed" in name} == {f"_plain loss, seed {seed}" for seed in range(5)}
    assert list(top["_plain loss"].get_ydata()) == [17.5, 17.5]
    assert figure.picture.axes[0].get_title() == "ring: 8 modes"
    assert "ring, mixup α=0.2: 92 %" in figure.alt
    assert "with 10 % of an even share" in figure.caption


def test_the_table(ring):
    table = show("table-gan", ring)
    rows = {row["loss"]: row for row in table.frame.to_dict("records")}
    assert list(rows) == ["plain loss", "mixup α=0.2", "non-saturating loss"]
    assert rows["mixup α=0.2"]["modes covered (%)"] == "92.5 ± 11.2"
    assert rows["mixup α=0.2"]["modes minus plain (points)"].startswith("+75.00 [")
    assert rows["plain loss"]["modes minus plain (points)"] == ""
    assert rows["plain loss"]["diverged"] == "0 of 5"
    assert table.bold == {(1, "modes covered (%)")}
    assert table.lead == [
        "Modes covered of the 8 of the ring, mean of 5 seeds: plain loss 1.4, mixup α=0.2 7.4, non-saturating loss 4.6."
    ]
    assert "0.010 (ring)" in table.notes[1]


def test_what_diverged_is_counted(tmp_path):
    """A record in which one seed ends without numbers: it has neither a balance nor a distance."""
    path = fixtures.gan(tmp_path, "saturating", (0, 2))
    record = records.read(path)
    row = record["curve"][-2]
    row |= {"not_finite": 10_000, "outside": 10_000, "hits": [0] * 8, "covered": 0, "diverged": True}
    for name in ("balance", "distance", "discriminator_loss", "generator_loss"):
        del row[name]
    records.write(path, record)
    results = collect(tmp_path)
    assert results.problems == []
    (row,) = show("table-gan", results).frame.to_dict("records")
    assert (row["diverged"], row["outside (%)"]) == ("1 of 2", "50.5 ± 70.1")
    assert row["distance"] == "0.250 (n = 1)"
