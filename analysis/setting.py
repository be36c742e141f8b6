"""One setting of the results: a configuration without method and seeds, in which ERM and mixup are compared."""

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analysis import paper
from analysis.collect import Results
from analysis.methods import MIXUP, Method
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

    def contrasts(self, field: str) -> list[tuple["Setting", "Setting"]]:
        """Those next to each other in one field of the configuration, and equal to this one in all others."""
        alike = self.alike(*(other for other in self.config if other != field))
        return list(itertools.pairwise(sorted(alike, key=lambda one: one.config[field])))
