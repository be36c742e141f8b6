"""Settings that are shown and judged together: one set under several shares of corrupted labels, tables whose test part
is drawn, networks on one set of sounds. In each a setting of the most pairs stands for its like."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from analysis import paper
from analysis.collect import Results
from analysis.rows import OF_METHOD


def corrupted(results: Results) -> dict[float, str]:
    """The setting of each share of corrupted labels, all else equal: CIFAR-10 before other sets, then of most runs."""
    alike: dict[str, dict[float, str]] = {}
    for setting, config in _configs(results):
        if config["corrupt_labels"]:
            rest = {
                field: value for field, value in config.items() if field not in (*OF_METHOD, "seed", "corrupt_labels")
            }
            alike.setdefault(json.dumps(rest, sort_keys=True), {}).setdefault(config["corrupt_labels"], setting)

    def rank(one: dict[float, str]) -> tuple[bool, int]:
        return results.config(next(iter(one.values())))["dataset"] == "cifar10", _count(results, one)

    return dict(sorted(max(alike.values(), key=rank, default={}).items()))


def tabular(results: Results) -> dict[str, str]:
    """The setting of each table whose test part is drawn, by the table's name."""
    found: dict[str, str] = {}
    for setting, config in _configs(results):
        if config["test_share"] is not None:
            found.setdefault(config["dataset"], setting)
    return dict(sorted(found.items()))


def speech(results: Results) -> dict[str, str]:
    """The setting of each network on the sounds that have most runs, in the paper's order."""
    sets: dict[str, dict[str, str]] = {}
    for setting, config in _configs(results):
        if (results.runs.loc[results.runs["setting"] == setting, "kind"] == "sounds").all():
            sets.setdefault(config["dataset"], {}).setdefault(config["model"], setting)
    best = max(sets.values(), key=lambda one: _count(results, one), default={})
    places = {network: place for place, network in enumerate(paper.FIG_4)}
    return dict(sorted(best.items(), key=lambda one: (places.get(one[0], len(places)), one[0])))


def erm(results: Results, setting: str) -> str | None:
    return "ERM" if "ERM" in results.methods(setting) else None


def large_alpha(results: Results, setting: str) -> str | None:
    """The mixup of α above 1 that is held against others where labels are corrupted."""
    runs = results.of(setting).runs
    return _arm(results, setting, runs[(runs["alpha"] > 1) & (runs["dropout"] == 0)])


def dropout(results: Results, setting: str) -> str | None:
    """Dropout without mixup, likewise."""
    runs = results.of(setting).runs
    return _arm(results, setting, runs[(runs["alpha"] == 0) & (runs["dropout"] > 0)])


def both(results: Results, setting: str) -> str | None:
    """Mixup with dropout, likewise."""
    runs = results.of(setting).runs
    return _arm(results, setting, runs[(runs["alpha"] > 0) & (runs["dropout"] > 0)])


def _arm(results: Results, setting: str, runs: pd.DataFrame) -> str | None:
    """The method of most pairs with ERM, then the paper's at this share, then of the largest α and p. Never by test
    error: the best of several would be better by chance alone."""
    theirs = paper.TABLE_2.get(results.config(setting)["corrupt_labels"], {})

    def rank(method: str) -> tuple[int, bool, float, float]:
        first = runs[runs["method"] == method].iloc[0]
        return len(results.paired_seeds(setting, method)), method in theirs, first["alpha"], first["dropout"]

    return max(runs["method"].unique(), key=rank, default=None)


def _configs(results: Results) -> Iterator[tuple[str, dict[str, Any]]]:
    for setting in results.settings():
        yield setting, results.config(setting)


def _count(results: Results, settings: dict[str, str] | dict[float, str]) -> int:
    return int(results.runs["setting"].isin(settings.values()).sum())
