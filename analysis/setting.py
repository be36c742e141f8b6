"""One setting of the results: a configuration without method and seeds, in which ERM and mixup are compared."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analysis import paper
from analysis.collect import Results
from analysis.methods import MIXUP, Method
from common.options.defaults import smoothing_of
from common.options.study import ENOUGH
from common.records import Record


@dataclass(frozen=True)
class Setting:
    """
    results  all there are
    name     of the setting; "": none, for what finds its own among the results
    """

    results: Results
    name: str

    @cached_property
    def here(self) -> Results:
        """What there is of this setting alone."""
        return self.results.of(self.name)

    @cached_property
    def mixup(self) -> Method:
        """The one to hold against ERM."""
        return self.results.mixup_of(self.name) or MIXUP

    @property
    def methods(self) -> list[Method]:
        return self.results.methods(self.name)

    @property
    def config(self) -> dict[str, Any]:
        return self.results.config(self.name)

    @property
    def record(self) -> Record:
        """Of its first run."""
        return self.results.first(self.name)

    @property
    def kind(self) -> str:
        """Of its data: images, sounds or table."""
        return str(self.record["data"]["kind"])

    @property
    def smoothed(self) -> str:
        """What the recipe brings, under ERM and mixup alike, in words: " (under both with label smoothing 0.2)"."""
        smoothing = smoothing_of(self.config.get("recipe"))
        return f" (under both with label smoothing {smoothing:g})" if smoothing else ""

    @property
    def trains_on_clean_labels(self) -> bool:
        """Whether it trains at all (given weights can be measured as they are, --epochs 0), on no corrupted label."""
        return bool(self.config["epochs"]) and not self.config["corrupt_labels"]

    @property
    def n_train(self) -> int:
        """Its training rows."""
        return int(self.here.runs["n_train"].min())

    @property
    def steps(self) -> int:
        """Of a whole training."""
        return int(self.config["epochs"]) * -(-self.n_train // int(self.config["batch_size"]))

    @property
    def pairs(self) -> int:
        """How many there are of ERM and mixup."""
        return len(self.results.paired_seeds(self.name, self.mixup))

    def departures(self) -> list[str]:
        """In what it is not the deck's and the paper's; under mixup, where it has such runs."""
        runs = self.here.runs.sort_values("alpha")
        mixed = runs[runs["method"] == self.mixup]
        record = (mixed if len(mixed) else runs)["record"].iloc[0]
        return paper.departures(self.results.records[record], paper.PAPER)

    def alike(self, *fields: str) -> list["Setting"]:
        """The settings, the best first, whose configurations are as this one's in these fields."""
        wanted = self.config
        found = [Setting(self.results, name) for name in self.results.settings()]
        return [one for one in found if all(one.config.get(field) == wanted.get(field) for field in fields)]

    def where(self, pairs: Callable[["Setting"], int]) -> "Setting":
        """This one, if there are enough pairs to ask something of it; else another that has enough, of the same kind of
        data before others, in which it is asked of most, and of those the one that is trained for most steps; corrupted
        labels aside.

        pairs  that it is asked of in a setting
        """
        if pairs(self) >= ENOUGH:
            return self
        settings = (Setting(self.results, name) for name in self.results.settings())
        others = [one for one in settings if one.name != self.name and not one.config["corrupt_labels"]]
        return max(
            [self, *others], key=lambda one: (pairs(one) >= ENOUGH, one.kind == self.kind, pairs(one), one.steps)
        )

    def contrasted(self, field: str) -> int:
        """The pairs of the contrast in this field that has most."""
        return max((min(end.pairs for end in ends) for ends in self.contrasts(field)), default=0)

    def contrasts(self, field: str) -> list[tuple["Setting", "Setting"]]:
        """Those next to each other in one field of the configuration, and equal to this one in all others."""
        alike = self.alike(*(other for other in self.config if other != field))
        return list(itertools.pairwise(sorted(alike, key=lambda one: one.config[field])))


def families(results: Results, field: str) -> list[dict[Any, Setting]]:
    """The settings in groups that differ in one field of the configuration alone, by its value, of which None (all the
    rows, say) is the last; of several settings of a value the best."""
    alike: dict[str, dict[Any, Setting]] = {}
    for one in (Setting(results, name) for name in results.settings()):
        rest = dict(one.config)
        value = rest.pop(field)
        rest.pop("data_seed", None)  # it stands with all the rows alone, of which it draws none
        alike.setdefault(json.dumps(rest, sort_keys=True), {}).setdefault(value, one)
    return [dict(sorted(group.items(), key=lambda of: (of[0] is None, of[0] or 0))) for group in alike.values()]
