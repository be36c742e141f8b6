"""Mixup's kin, by weight decay: those of Table 5, and what came after it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis import paper
from analysis.collect import Results
from analysis.measures import ENOUGH, Measure, Pairs, pair, test_error
from analysis.methods import ERM, MIXUP, Method, in_order
from analysis.setting import Setting, families

STUDIES = {  # by data set, and whether it is of a further round
    ("cifar10", True): "ablation-best",
    ("cifar10", False): "ablation-cifar",
    ("digits", False): "ablation",
}
NEAR, SAME, ONLY = (
    Method(1.0, more=more)
    for more in (
        (("neighbours", paper.PAPERS_NEIGHBOURS),),
        (("pairs", "same-class"), ("targets", "heavier")),
        (("targets", "heavier"),),
    )
)
THREE, CUTMIX, MANIFOLD = Method(1.0, more=(("partners", 2),)), Method(1.0, mix="patches"), Method(1.0, mix="hidden")
FURTHER = 2  # the place of a further round, after those of two data sets
LAYERS = [method for method in paper.TABLE_5 if method.mix.startswith("layer")]
ALONE = [method for method in paper.TABLE_5 if method.alpha is None and method.is_kin]  # smoothing, noise


@dataclass(frozen=True)
class Screened:
    """A setting in which mixup's kin are compared.

    error       on the test part, of all its runs
    is_further  of a further round, into which the best of the data set's screening alone went, on other rows
    """

    setting: Setting
    error: Measure
    is_further: bool

    @property
    def name(self) -> str:
        return self.setting.name

    @property
    def methods(self) -> list[Method]:
        return self.setting.methods

    def left_out(self, *methods: Method) -> bool:
        """Whether one of them is not here, and need not be."""
        return self.is_further and not {*methods} <= {*self.methods}

    def less(self, method: Method, than: Method) -> Pairs:
        """The error of one less that of another, at the seeds that both have."""
        return pair(self.error, method, than)


Decays = dict[float, Screened]  # by weight decay


def screened(results: Results) -> list[Decays]:
    """For each data set, CIFAR-10 first, the settings that differ in weight decay alone, and in which most of mixup's
    kin are, first of enough pairs with ERM to judge by, then of any; then the further rounds: the same on other numbers
    of its rows. Where one has enough, those that have not are left out."""
    ranked: dict[tuple[str, int | None], tuple[tuple[int, int], dict[float, Setting]]] = {}
    for group in families(results, "weight_decay"):
        seeds = [of for one in group.values() for of in _seeds_of_kin(one)]
        rank = sum(n >= ENOUGH for n in seeds), len(seeds)
        config = next(iter(group.values())).config
        rows_of = config["dataset"], config["subset"]
        if seeds and rank > ranked.get(rows_of, ((0, 0), {}))[0]:
            ranked[rows_of] = rank, group
    is_enough = any(rank[0] for rank, _ in ranked.values())
    found = {rows_of: rank for rows_of, (rank, _) in ranked.items() if rank[0] or not is_enough}
    order = sorted(found, key=lambda rows_of: (rows_of[0] == "cifar10", found[rows_of]), reverse=True)
    firsts = {dataset: (dataset, subset) for dataset, subset in reversed(order)}.values()
    order.sort(key=lambda rows_of: rows_of not in firsts)
    return [
        {decay: Screened(one, test_error(one.here), rows_of not in firsts) for decay, one in ranked[rows_of][1].items()}
        for rows_of in order
    ]


def at(results: Results, place: int) -> Decays:
    """Of the first data set (0), of another (1), or of a further round (2); none where it is not there."""
    every = screened(results)
    rounds = [one for one in every if next(iter(one.values())).is_further is (place == FURTHER)]
    return dict(enumerate(rounds)).get(place % FURTHER, {})


def study_of(results: Results, found: Decays, place: int = 0) -> str:
    """The study that goes on with these, and of none, the first that is of what is not there yet; the one of digits
    where it is a set of the user's own, or all are there."""
    there = {_round(one) for one in screened(results)}
    missing = [of for of in reversed(STUDIES) if of not in there and of[1] is (place == FURTHER)]
    return next((STUDIES[of] for of in ([_round(found)] if found else missing) if of in STUDIES), "ablation")


def _round(found: Decays) -> tuple[str, bool]:
    one = next(iter(found.values()))
    return one.setting.config["dataset"], one.is_further


def _seeds_of_kin(setting: Setting) -> list[int]:
    """How many each shares with ERM."""
    results, kin = setting.results, (method for method in setting.methods if method.is_kin)
    return [len(results.paired_seeds(setting.name, method)) for method in kin]


def said_of(decay: float) -> str:
    """For example "1e-4"."""
    mantissa, exponent = f"{decay:e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}" if decay else "0"


def papers(method: Method) -> Method:
    """The row of Table 5 that a method is: of fewer rows, neighbours are fewer, too."""
    more = ((option, paper.PAPERS_NEIGHBOURS if option == "neighbours" else value) for option, value in method.more)
    return replace(method, more=tuple(more))


def rows(found: Decays) -> list[Method]:
    """ERM, mixup of α = 1, and all their kin that were trained: in the order of Table 5, then those that it has not."""
    here = {method for one in found.values() for method in one.methods if method.is_kin or method in (ERM, MIXUP)}
    of_table = list(paper.TABLE_5)
    return sorted(
        in_order(here), key=lambda one: of_table.index(papers(one)) if papers(one) in of_table else len(of_table)
    )


def share(names: Sequence[str], every: Sequence[str]) -> str:
    """How many of all, and the names of those that are fewer."""
    if len(every) == 1:
        return f"{len(names)} of 1 ({every[0]})"
    if len(names) in (0, len(every)):
        return f"{'all' if names else 'none of'} {len(every)}"
    if 2 * len(names) <= len(every):
        return f"{len(names)} of {len(every)} ({'; '.join(names)})"
    return f"{len(names)} of {len(every)} (not {'; '.join(name for name in every if name not in names)})"
