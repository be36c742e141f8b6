"""Claims on more than one setting: networks, epochs, widths, weight decays, alphas."""

import itertools
import json
from collections.abc import Sequence

import numpy as np

from analysis import commands, paper
from analysis.claims.training import error, less_error
from analysis.claims.verdict import (
    Asked,
    Verdict,
    ask,
    interval_said,
    joined,
    not_run,
    of_pairs,
    seeds_said,
    side,
    verdict,
    whole,
)
from analysis.collect import Results
from analysis.intervals import interval
from analysis.measures import ENOUGH, pair
from analysis.rows import OF_METHOD

NO_BETTER = 0.5  # points that mixup may gain in a short training, and still be said to be no better
SHORT = 0.5  # of the paper's epochs: below that a training is short


def less_error_of_each_network(asked: Asked) -> Verdict:
    """On the data set of the setting, each network in its best setting."""
    return _of_each_network(asked.results, [asked.setting, *_of_the_same_set(asked)])


def less_error_on_cifar100(asked: Asked) -> Verdict:
    """The same on CIFAR-100, whatever the setting."""
    found = [(setting, asked.results.config(setting)) for setting in asked.results.settings()]
    settings = [one for one, config in found if config["dataset"] == "cifar100" and not config["corrupt_labels"]]
    if not settings:
        line = commands.study("paper-cifar", asked.results)
        return not_run("no run on CIFAR-100 yet", [line])
    return _of_each_network(asked.results, settings)


def _of_each_network(results: Results, settings: Sequence[str]) -> Verdict:
    seen: dict[str, str] = {}
    for setting in settings:
        seen.setdefault(results.config(setting)["model"], setting)
    verdicts = [less_error(ask(results, setting)) for setting in seen.values()]
    return verdicts[0] if len(verdicts) == 1 else joined(verdicts, f"networks: {', '.join(seen)}")


def gain_grows(asked: Asked) -> Verdict:
    """What mixup gains rises with epochs and with width, all else equal, at the same seeds."""
    verdicts = []
    for field in ("epochs", "width"):
        for less, more in contrasts(asked.results, asked.setting, field):
            ends = [pair(error(ask(asked.results, s).own), asked.method) for s in (less, more)]
            gains = [dict(zip(one.seeds, [-d for d in one.differences], strict=True)) for one in ends]
            shared = sorted(gains[0].keys() & gains[1].keys())
            found = interval([gains[1][seed] - gains[0][seed] for seed in shared], asked.own.overlap)
            values = [asked.results.config(setting)[field] for setting in (less, more)]
            opening = f"{field} {values[0]} to {values[1]} ({less}, {more}), {seeds_said(len(shared))}"
            part = side(interval_said(found, " points", "the gain changes by {}"), found, 1, True)
            rows = [f"seed {s}: gain {gains[0][s]:.2f}, then {gains[1][s]:.2f} points" for s in shared]
            used = [path for one in ends for path in one.records]
            verdicts.append(whole(opening, [part], rows, used, _more_seeds(asked, less, more)))
    if not verdicts:
        config = asked.results.config(asked.setting)
        record = asked.results.records[asked.own.runs["record"].iloc[0]]
        line = commands.train(asked.results, record, {"epochs": 2 * config["epochs"]})
        return not_run(f"no two settings differ from {asked.setting} in epochs or width alone", [line])
    return joined(verdicts)


def weight_decays(asked: Asked) -> Verdict:
    """ERM errs less with the larger of two weight decays, mixup with the smaller."""
    verdicts = []
    for less, more in contrasts(asked.results, asked.setting, "weight_decay"):
        for method, claimed in (("ERM", -1), (asked.method, 1)):
            low, high = (error(ask(asked.results, s).own).by_seed(method) for s in (less, more))
            differences = (high - low).dropna()
            found = interval(differences.tolist(), asked.own.overlap)
            opening = f"{method}, {less} to {more}, n = {found.n}"
            part = side(interval_said(found, " points"), found, claimed, True)
            rows = [f"{method}, seed {seed}: {value:+.2f} points" for seed, value in differences.items()]
            used = [path for s in (less, more) for path in ask(asked.results, s).own.runs["record"]]
            verdicts.append(whole(opening, [part], rows, used, _more_seeds(asked, less, more)))
    if not verdicts:
        record = asked.results.records[asked.own.runs["record"].iloc[0]]
        line = commands.train(asked.results, record, {"weight_decay": 5e-4})
        return not_run(f"no setting differs from {asked.setting} in weight decay alone", [line])
    return joined(verdicts)


def rises_with_alpha(asked: Asked) -> Verdict:
    """Clean training error rises with alpha, and the gap to the test error falls: slopes over the ranks of alpha. Asked
    of the setting with most alphas, held-out rows among them."""
    config, runs = asked.results.config(asked.setting), asked.results.runs
    dataset = config["dataset"]
    runs = runs[(runs["dataset"] == dataset) & (runs["corrupt_labels"] == config["corrupt_labels"])]
    batches = runs[~runs["method"].str.contains("per row|dropout|after")]
    alphas = batches.groupby("setting")["alpha"].nunique()
    best = max(alphas.index, key=lambda s: (alphas[s], s == asked.setting, s), default=asked.setting)
    if alphas.get(best, 0) < 3:
        record = asked.results.records[asked.own.runs["record"].iloc[0]]
        lines = [
            commands.train(asked.results, record, {"mixup": True, "alpha": a, "lam_per": "batch"}) for a in (0.2, 8.0)
        ]
        return not_run(f"no setting of {dataset} has ERM and two alphas", lines)
    found = batches[batches["setting"] == best].assign(gap=lambda f: f["error"] - f["clean_train_error"])
    slopes: dict[str, list[float]] = {"clean_train_error": [], "gap": []}
    rows, used, wanted = [], [], found["alpha"].nunique()
    for seed, of_seed in found.sort_values("alpha").groupby("seed"):
        if of_seed["alpha"].nunique() == wanted:
            for column, seen in slopes.items():
                seen.append(float(np.polyfit(range(len(of_seed)), of_seed[column], 1)[0]))
            shown = ", ".join(f"α = {r.alpha:g}: {r.clean_train_error:.2f} / {r.gap:.2f}" for r in of_seed.itertuples())
            rows.append(f"seed {seed}, clean training error / gap (%): {shown}")
            used += of_seed["record"].tolist()
    rises, falls = (interval(seen, asked.results.of(best).overlap) for seen in slopes.values())
    parts = [
        side(
            interval_said(rises, " points", "from one alpha to the next the clean training error changes by {}"),
            rises,
            1,
            True,
        ),
        side(interval_said(falls, " points", "the gap to the test error by {}"), falls, -1, True),
    ]
    others = [method for method in asked.results.methods(best) if method != "ERM"]
    lines = [line for method in others for line in commands.seeds(asked.results, best, method)]
    return whole(f"on {best}, {wanted} alphas, {seeds_said(rises.n)}", parts, rows, used, lines)


def no_gain_when_short(asked: Asked) -> Verdict:
    """Of the settings of this data set that are trained for less than half of the paper's epochs, the shortest that can
    be judged: mixup gains at most `NO_BETTER` points there."""
    results = asked.results
    dataset, seen = results.config(asked.setting)["dataset"], {}
    for setting in _of_the_same_set(asked):
        method = results.mixup_of(setting)
        if method and (seeds := results.paired_seeds(setting, method)):
            run = results.runs[results.runs["setting"] == setting].iloc[0]
            seen[setting] = len(seeds) < ENOUGH, run["epochs"], setting != asked.setting
    limit = SHORT * paper.PAPER["epochs"]
    short = [setting for setting in seen if seen[setting][1] < limit]
    if not short:
        record = results.records[asked.own.runs["record"].iloc[0]]
        config = record["config"]  # the epochs of ERM before mixup leave at least one to it
        line = commands.train(
            asked.results, record, {"epochs": max(1 + config["warmup_epochs"], config["epochs"] // 10)}
        )
        return not_run(f"no setting of {dataset} is short: below {limit:g} epochs", [line])
    shortest = ask(results, min(short, key=lambda setting: seen[setting]))
    pairs = pair(error(shortest.own), shortest.method)
    part = of_pairs(pairs, 1, bound=-NO_BETTER, closing=f"; no better is at most {NO_BETTER:g} points")
    return verdict(shortest, [part], [pairs], "train")


def contrasts(results: Results, setting: str, field: str) -> list[tuple[str, str]]:
    """Settings next to each other in one field of the configuration, and equal to this one in all others."""

    def rest(one: str) -> str:
        config = results.config(one)
        return json.dumps(
            {key: value for key, value in config.items() if key not in (*OF_METHOD, "seed", field)}, sort_keys=True
        )

    alike = [one for one in results.settings() if rest(one) == rest(setting)]
    alike.sort(key=lambda one: results.config(one)[field])
    return list(itertools.pairwise(alike))


def _of_the_same_set(asked: Asked) -> list[str]:
    """The settings of this one's data set, and of its share of corrupted labels."""
    results = asked.results
    wanted = results.config(asked.setting)
    alike = [(setting, results.config(setting)) for setting in results.settings()]
    fields = ("dataset", "corrupt_labels")
    return [setting for setting, config in alike if all(config[field] == wanted[field] for field in fields)]


def _more_seeds(asked: Asked, *among: str) -> list[str]:
    return [line for setting in among for line in commands.seeds(asked.results, setting, asked.method)]
