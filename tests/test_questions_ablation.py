"""Table 5: each row against ERM and against mixup, by weight decay, and what is claimed of them."""

from dataclasses import replace

import pandas as pd
import pytest
from scipy import stats

from analysis import paper
from analysis.collect import collect
from analysis.judging import judged
from analysis.methods import ERM, MIXUP, Method
from analysis.questions import CLAIMS, QUESTIONS, show
from analysis.questions.ablation import kin
from tests import fixtures
from tests.asking import column, drawn

SMALL, LARGE = 1e-4, 5e-4
NAMES = {SMALL: "cifar10-preactresnet18-2ep", LARGE: "cifar10-preactresnet18-2ep-wd0.0005"}
PAPERS = {
    method: {decay: number.value for decay, number in row.errors.items()} for method, row in paper.TABLE_5.items()
}
LATER = {kin.THREE: {SMALL: 4.3, LARGE: 4.7}, kin.CUTMIX: {SMALL: 4.0, LARGE: 4.4}}
LATER |= {kin.MANIFOLD: {SMALL: 4.1, LARGE: 4.5}}
PAPERS |= LATER
SPREAD = (0.0, 0.06, -0.05, 0.1, -0.11)  # points that seeds differ by


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """The results of one run of ERM by each weight decay, of which `of` makes those of many."""
    folder = tmp_path_factory.mktemp("two")
    for decay in NAMES:
        fixtures.train(folder, options={"epochs": 2, "weight_decay": decay})
    return collect(folder)


def of(results, errors=PAPERS, seeds=5, noisy=(), others=None):
    """Runs of these errors by method and weight decay. A method's seeds have half of the spread of ERM's; noisy: to and
    fro by two points in turn, by which nothing can be told; others: the errors on other data than CIFAR-10, or on a
    subset of it."""
    made = []
    for row in results.runs.to_dict("records"):
        config = results.records[row["record"]]["config"]
        decay, is_main = config["weight_decay"], (config["dataset"], config["subset"]) == ("cifar10", None)
        for method, by_decay in (errors if is_main else others or {}).items():
            for seed, off in zip(range(seeds), SPREAD, strict=False):
                if decay in by_decay:
                    spread = off / (1 if method == ERM else 2) + (2 * (-1) ** seed if method in noisy else 0)
                    of_it = {"method": method, "alpha": method.alpha or 0.0, "seed": seed}
                    made.append(row | of_it | {"error": by_decay[decay] + spread})
    return replace(results, runs=pd.DataFrame(made, columns=results.runs.columns))


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Likewise of CIFAR-10 by both weight decays, and of digits by the smaller one."""
    folder = tmp_path_factory.mktemp("three")
    for dataset, decay in (("cifar10", SMALL), ("cifar10", LARGE), ("digits", SMALL)):
        fixtures.train(folder, dataset=dataset, options={"epochs": 2, "weight_decay": decay})
    return collect(folder)


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """Likewise of CIFAR-10 by both weight decays, and of some of its rows by the smaller one."""
    folder = tmp_path_factory.mktemp("rounds")
    for subset, decay in ((None, SMALL), (None, LARGE), (500, SMALL)):
        fixtures.train(folder, options={"epochs": 2, "weight_decay": decay, "subset": subset})
    return collect(folder)


def but(**changes):
    """The paper's numbers, but for a method's, by its name in `kin`: in points at both weight decays."""
    return PAPERS | {getattr(kin, name): dict.fromkeys(NAMES, error) for name, error in changes.items()}


def verdicts(results, *ids):
    sections = {claim.section for claim in QUESTIONS["ablation"].claims}
    among = [claim for claim in CLAIMS if claim.section in sections]
    found = {claim.id: verdict for claim, verdict in judged(among, results)}
    return [found[one] for one in ids]


def statuses(results, *ids):
    return [verdict.status for verdict in verdicts(results, *ids)]


ASKED = ("P23", "P25", "P26", "P27", "P28", "P30", "L5", "L6")


def test_by_the_papers_numbers_the_papers_claims_hold(two):
    assert statuses(of(two), *ASKED) == ["holds"] * len(ASKED)


def test_of_numbers_that_are_the_other_way_round_they_fail(two):
    errors = but(MIXUP=5.5, SAME=4.0, NEAR=4.0, ONLY=4.0, THREE=4.0, CUTMIX=6.0, MANIFOLD=6.0)
    errors |= {method: {SMALL: 7 - layer, LARGE: 7 - layer} for layer, method in enumerate(kin.LAYERS)}
    errors |= {kin.ALONE[0]: {SMALL: 4.5, LARGE: 5.1}}
    assert statuses(of(two, errors), *ASKED) == ["fails"] * len(ASKED)


def test_what_seeds_hide_is_undecided(two):
    noisy = {kin.THREE, kin.CUTMIX, kin.MANIFOLD, kin.SAME, kin.NEAR, kin.ONLY}
    noisy |= {kin.ALONE[0], kin.LAYERS[0]}
    assert statuses(of(two, noisy=noisy), *ASKED) == ["undecided"] * len(ASKED)


def test_too_few_seeds_are_too_few(two):
    found = verdicts(of(two, seeds=4), *ASKED)
    assert [one.status for one in found] == ["too few runs"] * len(ASKED)
    assert all(one.n == 4 and "study.py ablation" in one.commands[0] for one in found)


def test_what_was_not_trained_was_not_run(two):
    for results in (two, of(two, {ERM: PAPERS[ERM], MIXUP: PAPERS[MIXUP]})):
        found = verdicts(results, *ASKED)
        assert [one.status for one in found] == ["not run"] * len(ASKED)
        assert all(one.commands == [one.commands[0]] and "study.py ablation" in one.commands[0] for one in found)
        assert show("ablation", results).picture is None
        assert "study.py ablation" in show("ablation", results).missing
        assert not show("table-ablation", results).shows
    arms = {ERM: PAPERS[ERM], MIXUP: PAPERS[MIXUP], kin.CUTMIX: PAPERS[kin.CUTMIX]}
    assert statuses(of(two, arms), "L5", "L6", "P30", "P23") == ["holds", "not run", "not run", "too few runs"]


def test_one_row_that_errs_less_is_enough_and_one_that_is_open_leaves_it_open(two):
    label = kin.ALONE[0]
    (best,) = verdicts(of(two, PAPERS | {label: {SMALL: 4.0, LARGE: 4.0}}), "P23")
    assert best.status == "fails"
    says = "at weight decay 1e-4 less error than 20 of 21 (not label smoothing 0.05), more than 1 of 21"
    assert f"{says} (label smoothing 0.05)" in best.sentence
    (best,) = verdicts(of(two, noisy={label}), "P23")
    assert (best.status, best.n) == ("undecided", 5)
    only_larger = PAPERS | {label: {SMALL: 5.25, LARGE: 4.0}}  # where mixup is not the best, and nobody says so
    assert statuses(of(two, only_larger), "P23") == ["holds"]


def test_labels_matter_by_two_weight_decays(two):
    """The last part holds inputs alone at the smaller one against ERM at the larger: 0.6 points are no draw."""
    (verdict,) = verdicts(of(two, PAPERS | {kin.ONLY: {SMALL: 4.55, LARGE: 5.72}}), "P26")
    assert [part.status for part in verdict.parts] == ["holds", "holds", "fails"]
    values = [(4.55 + off / 2) - (5.18 + off) for off in SPREAD[:5]]
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    said = f"difference −0.63 points [{low:.2f}, {high:.2f}]; no better is at most 0.5 points".replace("-", "−")
    assert said in verdict.sentence


DIGITS = "digits-smallcnn-2ep"


def test_every_data_set_is_asked_and_shown(three):
    """CIFAR-10 first; what holds there alone fails."""
    few = {method: PAPERS[method] for method in (ERM, MIXUP, kin.THREE)} | {kin.CUTMIX: {SMALL: 5.0}}
    results = of(three, others=few)
    cutmix, best, hidden = verdicts(results, "L5", "P23", "L6")
    assert [part.status for part in cutmix.parts] == ["holds", "holds", "fails"]
    assert cutmix.status == "fails"
    assert cutmix.parts[2].says.startswith(f"on {DIGITS}, 5 paired seeds: test error: mixup 4.24 %, CutMix 5.00 %")
    assert [part.status for part in best.parts] == ["holds", "too few runs"]
    assert [part.status for part in hidden.parts] == ["holds", "holds", "not run"]
    (line,) = hidden.commands
    assert "study.py ablation --results-dir" in line
    for name in ("ablation", "ablation-2"):
        decays = {name: NAMES, "ablation-2": [SMALL]}[name]
        assert set(show(name, results).data["mark"]) == {f"weight decay {kin.said_of(decay)}" for decay in decays}
    assert DIGITS in show("ablation-2", results).caption
    assert column(show("table-ablation-2", results), "method")[:4] == [
        "ERM",
        "mixup",
        "CutMix",
        "mixup, 2 partners each",
    ]
    assert NAMES[SMALL] in show("ablation", results).caption


def test_a_data_set_of_too_few_pairs_is_left_out_beside_one_of_enough(three):
    results = of(three, others={method: PAPERS[method] for method in (ERM, kin.CUTMIX)})
    runs = results.runs
    results = replace(results, runs=runs[(runs["dataset"] == "digits") <= (runs["seed"] < 4)].reset_index(drop=True))
    (cutmix,) = verdicts(results, "L5")
    assert [part.status for part in cutmix.parts] == ["holds", "holds"]
    assert show("ablation-2", results).picture is None
    assert "study.py ablation --" in show("ablation-2", results).missing
    runs = results.runs
    alone = replace(results, runs=runs[runs["dataset"] == "digits"].reset_index(drop=True))
    assert DIGITS in show("ablation", alone).caption
    assert "study.py ablation-cifar --" in show("ablation-2", alone).missing


def test_a_further_round_is_asked_of_what_went_into_it(rounds):
    """Of the best alone: what was left out of it is neither missing nor a row of its table."""
    best = {method: PAPERS[method] for method in (ERM, MIXUP, kin.SAME, kin.LAYERS[0])} | {kin.CUTMIX: {SMALL: 5.0}}
    results = of(rounds, others=best)
    screening = of(rounds)
    for one in ASKED:
        (verdict,), (alone,) = verdicts(results, one), verdicts(screening, one)
        more = {"P25": 1, "L5": 1}.get(one, 0)
        assert len(verdict.parts) == len(alone.parts) + more, one
        assert not {part.status for part in verdict.parts} & {"not run", "too few runs"}, one
        assert not verdict.commands, one
    (cutmix,) = verdicts(results, "L5")
    assert [part.status for part in cutmix.parts] == ["holds", "holds", "fails"]
    subset = "cifar10-500-preactresnet18-2ep"
    assert set(column(show("table-ablation-best", results), "method")) == set(map(str, best))
    assert subset in show("ablation-best", results).caption
    assert NAMES[SMALL] in show("ablation", results).caption
    assert show("ablation-2", results).picture is None
    assert "study.py ablation-best" in show("ablation-best", screening).missing
    few = of(rounds, others={method: best[method] for method in (ERM, kin.CUTMIX)})
    assert few.runs["method"].eq(kin.CUTMIX).sum() == 15
    (cutmix,) = verdicts(few, "L5")
    assert [part.status for part in cutmix.parts] == ["holds", "holds"]


def test_the_slope_over_layers(two):
    """The paper's five layers at the smaller weight decay: by hand, (−2·4.44 − 4.56 + 5.95 + 2·5.39) / 10."""
    (verdict,) = verdicts(of(two), "P27")
    assert "from one of 5 layers to the next the error changes by +0.33 points [+0.33, +0.33]" in verdict.sentence
    assert verdict.parts[1].says.startswith(f"on {NAMES[LARGE]}, n = 5: ")
    one = {ERM: PAPERS[ERM], MIXUP: PAPERS[MIXUP], kin.LAYERS[0]: PAPERS[kin.LAYERS[0]]}
    assert statuses(of(two, one), "P27") == ["too few runs"]


def test_smoothing_and_noise_are_corrected_over_all_of_them(two):
    """One of twelve that gains 0.5 points by p = .03 would be too much by itself; by Holm's correction it is open."""
    results = of(two)
    runs = results.runs.copy()
    it = (runs["method"] == kin.ALONE[0]) & (runs["setting"] == NAMES[SMALL])
    erm = runs[(runs["method"] == ERM) & (runs["setting"] == NAMES[SMALL])].set_index("seed")["error"]
    gains = [0.55, 0.6, 0.9, 0.7, 0.52]
    runs.loc[it, "error"] = [erm[seed] - gain for seed, gain in enumerate(gains)]
    alone = stats.ttest_1samp([gain - 0.5 for gain in gains], 0).pvalue
    assert 0.05 / 12 < alone < 0.1
    (verdict,) = verdicts(replace(results, runs=runs), "P28")
    assert verdict.status == "undecided"
    assert "by 11 of 12 (not label smoothing 0.05, weight decay 1e-4), of more by none of 12" in verdict.sentence


def test_the_table_has_the_papers_beside(two):
    errors = {method: of for method, of in PAPERS.items() if method not in kin.LAYERS[3:]}
    errors = {kin.papers(method): of for method, of in errors.items()}
    near = replace(kin.NEAR, more=(("neighbours", 5),))
    errors[near] = errors.pop(kin.NEAR)
    table = show("table-ablation", of(two, errors))
    rows = {row["method"]: row for row in table.frame.to_dict("records")}
    assert list(rows)[:4] == ["ERM", "mixup", "mixup, 5 neighbours", "mixup before layer 1"]
    assert list(rows)[-5:] == ["CutMix", "manifold mixup", "mixup, 2 partners each", *map(str, kin.LAYERS[3:])]
    low, high = stats.ttest_1samp([-1.29 - off / 2 for off in SPREAD[:5]], 0).confidence_interval(0.95)
    assert rows["mixup"]["1e-4: minus ERM"] == f"−1.29 [{low:.2f}, {high:.2f}]".replace("-", "−")
    assert rows["mixup"]["1e-4: minus mixup"] == rows["ERM"]["1e-4: minus ERM"] == ""
    assert rows["mixup, 5 neighbours"]["Table 5"] == "mixup AC + KNN"
    theirs = [rows["mixup, 5 neighbours"][f"{decay}: the paper's (%)"] for decay in ("1e-4", "5e-4")]
    assert theirs == ["4.98*", "5.26*"]
    assert rows["CutMix"]["Table 5"] == rows["CutMix"]["1e-4: the paper's (%)"] == ""
    layer = rows["mixup before layer 5"]
    assert (layer["1e-4: n"], layer["1e-4: error (%)"], layer["1e-4: the paper's (%)"]) == ("", "", "5.39*")
    lowest = column(table, "method").index("CutMix")
    assert table.bold == {(lowest, "1e-4: error (%)"), (lowest, "5e-4: error (%)")}
    assert table.lead[1] == (
        "Weight decay 1e-4, by Holm's correction over 22 methods: less error than mixup: 2 of 22 (CutMix; manifold "
        "mixup); more error than mixup: 20 of 22 (not CutMix; manifold mixup)."
    )
    assert "nan" not in table.to_markdown().lower()


def test_the_figure_has_a_dot_for_each_effect_and_lines_for_erm_and_mixup(two):
    figure = show("ablation", of(two))
    against_erm, against_mixup = figure.picture.axes[:2]
    assert [ax.get_title() for ax in (against_erm, against_mixup)] == ["difference from ERM", "difference from mixup"]
    of_mixup = [method for method in PAPERS if method.is_kin]
    labels = [label.get_text().replace("\n", " ") for label in against_erm.get_yticklabels()]
    assert labels == [str(method) for method in [*of_mixup[:-3], kin.CUTMIX, kin.MANIFOLD, kin.THREE]]
    numbers = figure.data[(figure.data["line"] == "mean") & (figure.data["row"] == "CutMix")]
    shown = {(row["panel"], row["mark"]): row["difference"] for row in numbers.to_dict("records")}
    assert shown == pytest.approx(
        {
            ("ERM", "weight decay 1e-4"): -1.53,
            ("ERM", "weight decay 5e-4"): -0.78,
            ("mixup", "weight decay 1e-4"): -0.24,
            ("mixup", "weight decay 5e-4"): -0.28,
        }
    )
    ends = [
        drawn(ax)[name].get_xdata()[0]
        for ax in (against_erm, against_mixup)
        for name in ("_ERM", "_mixup")
        if name in drawn(ax)
    ]
    assert ends == [0, 0]
    assert drawn(against_erm)["_mixup, weight decay 1e-4"].get_xdata()[0] == pytest.approx(-1.29)
    assert drawn(against_mixup)["_ERM, weight decay 5e-4"].get_xdata()[0] == pytest.approx(0.50)
    assert "5 pairs per dot" in figure.caption
    assert "CutMix, weight decay 1e-4: −1.53" in figure.alt


def test_a_row_that_is_far_from_all_others_is_said_and_does_not_squeeze_them(two):
    assert "Arrows" not in show("ablation", of(two)).caption
    figure = show("ablation", of(two, but(CUTMIX=45.0)))
    assert "Arrows: means too far away to be drawn." in figure.caption
    for ax, said in zip(figure.picture.axes[:2], ("+39.8 →", "+40.3 →"), strict=True):
        low, high = ax.get_xlim()
        assert -2 < low < 0 < high < 4
        assert said in [text.get_text() for text in ax.texts]
    assert (figure.data["difference"] > 39).any()


def test_records_become_rows(tmp_path):
    """Written and read again: what a configuration says is the row that it is of."""
    arms = {ERM: 553, MIXUP: 424, Method(1.0, mix="layer1"): 444, Method(more=(("noise", 0.05),)): 553}
    arms |= {Method(1.0, more=(("pairs", "same-class"), ("neighbours", 5), ("targets", "heavier"))): 545}
    for method, errors in arms.items():
        options = {"epochs": 2, "mix": method.mix, **dict(method.more)}
        fixtures.train(tmp_path, fixtures.Model(curve=(900, errors)), alpha=method.alpha, options=options)
    table = show("table-ablation", collect(tmp_path))
    assert column(table, "1e-4: error (%)")[:5] == ["5.53", "4.24", "4.44", "5.45", "5.53"]
    assert column(table, "1e-4: the paper's (%)")[:5] == ["5.53", "4.24", "4.44*", "5.45*", "5.53*"]
    assert column(table, "1e-4: minus ERM")[:3] == ["", "−1.29", "−1.09"]


def test_a_figure_of_a_setting_draws_as_many_methods_as_can_be_told_apart(two):
    figure = show("headline", of(two))
    assert "Not drawn, but in the tables: 23 more methods." in figure.caption
    assert set(figure.data["method"]) == {ERM, MIXUP}
    few = {method: PAPERS[method] for method in list(PAPERS)[:8]}
    assert "Not drawn" not in show("headline", of(two, few)).caption
    assert len(show("table-methods", of(two)).frame) == len(PAPERS)
