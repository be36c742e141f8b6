"""## Does mixup steady a GAN? (section 3.7, Fig. 5)

**Asked:** does a generator find every mode of what it is to learn, if the discriminator is trained on mixes of real and
fake points? **Measured:** on 8 Gaussians on a ring and 25 on a grid, modes covered (a mode counts from a tenth of its
even share of the points), and the share of points within 3σ of one; after each of the iterations that are shown, of
every seed. Beside the paper's plain loss there is the fair opponent, the non-saturating one, and a modern one, R3GAN.
**Look at** the rows of a figure: where the points gather; 3σ are less than the arm of a cross, so that points near one
need not cover it. **The paper** (its Fig. 5) shows one run each, and no number: plain GANs leave the window from 1,000
iterations on, mixup covers ring and grid.
"""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import fill
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import NullFormatter

from analysis import commands, lines, measures, missing
from analysis.collect import Results
from analysis.figure import WIDE, Figure
from analysis.lines import look_of
from analysis.measures import ENOUGH, Measure, Pairs, pair, percent, spread
from analysis.methods import LOSSES, Method, in_order
from analysis.outcome import cell
from analysis.question import Question, Shown, claim, figure_of_all, table_of_all
from analysis.sentences import many
from analysis.setting import Setting
from analysis.table import Cell, Table, paths
from analysis.verdict import Part, Verdict, not_run, of_pairs, rows_of, said, seeds_said, whole
from common.options.gan import COVERED_FROM, MEASURED, SIGMA, SIGMAS, TARGETS, GanTrainingOptions

MIXUP = Method(0.2)  # the paper's
PLAIN, FAIR = Method(model=LOSSES["saturating"]), Method(model=LOSSES["non-saturating"])
AUTHORS, MODERN = Method(model=LOSSES["mixup-authors"]), Method(model=LOSSES["r3gan"])
STUDY = "gan"
BESIDE = 16  # letters beside a row of panels
TICKS = (10, 100, 1_000, 10_000)
COLUMNS = {  # of the table: title, and places behind the point
    "covered": ("modes covered (%)", 1),
    "share": ("within 3σ (%)", 1),
    "balance": ("unevenness (nats)", 2),
    "outside": ("outside (%)", 1),
    "distance": ("distance", 3),
}


def shown(results: Results) -> dict[str, pd.DataFrame]:
    """The rows of `gans` to show, by target: of one setting, that with most seeds under mixup and the plain loss, and
    of those with as many the widest networks."""
    found = {}
    every = each_seed_once(results)
    for target in TARGETS:
        rows = every[every["target"] == target]
        if len(rows):
            settings = [of for _, of in rows.groupby("setting")]
            found[target] = max(settings, key=lambda of: (_paired(of), of["width"].iloc[0]))
    return found


def each_seed_once(results: Results) -> pd.DataFrame:
    """The rows of `gans`, of a seed that two records have those of the first."""
    return results.gans.drop_duplicates(["setting", "method", "seed", "iteration"])


def _paired(rows: pd.DataFrame) -> int:
    seeds = [set(rows.loc[rows["method"] == method, "seed"]) for method in (MIXUP, PLAIN)]
    return len(set.intersection(*seeds))


def at_the_end(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["iteration"] == rows.groupby("record")["iteration"].transform("max")]


def in_row(methods: Iterable[Method]) -> list[Method]:
    """The plain loss, mixup by its α, the authors' code, the non-saturating one, and the modern one."""
    order = [PLAIN.model, "", AUTHORS.model, FAIR.model, MODERN.model]
    return sorted(in_order(methods), key=lambda method: order.index(method.model))


def in_the_middle(ends: pd.DataFrame) -> "pd.Series[Any]":
    """Of one method at the end: the row of the seed in the middle by modes covered; of two in the middle the one that
    covers fewer, of as many the first."""
    return ends.sort_values(["covered", "seed"]).iloc[(len(ends) - 1) // 2]


def _snapshots(name: str, target: str, title: str) -> Shown[Figure]:
    @figure_of_all(name, title)
    def draw(results: Results) -> Figure:
        """A row a loss, a column an iteration: the points of one seed."""
        rows = shown(results).get(target)
        if rows is None:
            return Figure(missing=missing.study(results, f"of a GAN on the {target}", STUDY))
        every = _rows_of(rows)
        iterations = sorted({at for one in every for at in _points(results, rows, one)})
        picture = Picture(figsize=(WIDE, 0.4 + 1.25 * len(every)), layout="constrained")
        grid = picture.subplots(len(every), len(iterations), squeeze=False)
        drawn, said, used = [], [], []
        for axes, method in zip(grid, every, strict=True):
            of = rows[rows["method"] == method]
            ends = at_the_end(of)
            middle = in_the_middle(ends)
            seed, record = int(middle["seed"]), str(middle["record"])
            used.append(record)
            points = _points(results, rows, method)
            for ax, at in zip(axes, iterations, strict=True):
                _frame(ax, results, record)
                if at in points:
                    x, y = points[at]
                    ax.plot(x, y, ".", color=look_of(method)[0], markersize=2.5, label=f"_{method}, {at}")
                    drawn.append(pd.DataFrame({"method": method, "seed": seed, "iteration": at, "x": x, "y": y}))
                if ax in grid[0]:
                    ax.set_title(f"iteration {at:,}", fontsize="small")
            covered = middle["covered"] / 100 * TARGETS[target]
            axes[0].set_ylabel(_beside(method, every), fontsize="small")
            said.append(f"{method}: {covered:.0f} of {TARGETS[target]} (seed {seed} of {many(len(ends), 'seed')})")
        first = rows.iloc[0]
        caption = (
            f"{target}, networks of width {first['width']}: a row a loss, a column the iteration. Crosses: the "
            f"{TARGETS[target]} modes; points: of 256 those within the window, which is what the paper shows. Of each "
            "loss one seed: the median by modes covered at the end, not chosen by its looks. Modes covered by it, "
            f"which takes {percent(COVERED_FROM)} of the even share within {SIGMAS}σ = {SIGMAS * SIGMA:g}, less than a "
            f"cross's arm: {'; '.join(said)}. The paper's Fig. 5 has the plain loss and mixup of α = 0.2, at width 512:"
            " the plain one empty from 1,000 on, mixup on all modes with bridges between them."
        )
        alt = f"Small pictures of points, a row for each loss. Modes covered at the end: {'; '.join(said)}."
        return Figure(caption, alt, picture, pd.concat(drawn), tuple(used))

    return draw


def _rows_of(rows: pd.DataFrame) -> list[Method]:
    """The paper's two, its authors' code, and the opponents; of R3GAN the one with most seeds."""
    here = in_row(rows["method"])
    modern = [method for method in here if method.model == MODERN.model]
    of_most = sorted(modern, key=lambda method: -rows.loc[rows["method"] == method, "seed"].nunique())[:1]
    return [method for method in here if method in (PLAIN, MIXUP, AUTHORS, FAIR)] + of_most


def _points(results: Results, rows: pd.DataFrame, method: Method) -> dict[int, tuple[list[float], list[float]]]:
    """Of a method's seed in the middle: what its record holds to be looked at, by iteration."""
    middle = in_the_middle(at_the_end(rows[rows["method"] == method]))
    made = results.records[str(middle["record"])]["final"]["shown"]
    return {one["iteration"]: (one["x"], one["y"]) for one in made if one["seed"] == middle["seed"]}


def _frame(ax: Axes, results: Results, record: str) -> None:
    """The window, and the modes in it."""
    target = results.records[record]["final"]["target"]
    x, y = zip(*target["modes"], strict=True)
    ax.plot(x, y, "+", color="#949494", markersize=5, markeredgewidth=0.8, label="_modes")
    ax.set(xlim=target["window"]["x"], ylim=target["window"]["y"], xticks=[], yticks=[], aspect="equal")


ring = _snapshots("gan-ring", "ring", "Fig. 5, ring: what GANs make")
grid = _snapshots("gan-grid", "grid", "Fig. 5, grid: what GANs make")


@figure_of_all("gan-modes", "Modes that GANs cover, over iterations")
def over_iterations(results: Results) -> Figure:
    """A row a loss, a column a target: every seed, and their mean."""
    of_target = shown(results)
    if not of_target:
        return Figure(missing=missing.study(results, "of a GAN", STUDY))
    every = in_row(method for rows in of_target.values() for method in rows["method"])
    picture = Picture(figsize=(WIDE, 0.6 + 1.1 * len(every)), layout="constrained")
    axes = picture.subplots(len(every), len(of_target), sharex=True, sharey=True, squeeze=False)
    numbers = []
    for row, method in zip(axes, every, strict=True):
        for ax, (target, rows) in zip(row, of_target.items(), strict=True):
            of = rows[rows["method"] == method]
            ax.set(xscale="log", ylim=(-5, 105), yticks=[0, 50, 100])
            if len(of):
                numbers.append(lines.numbers(of, "iteration", "covered", f"{target}, {method}"))
                lines.draw(ax, numbers[-1], band=False)
            if ax in axes[0]:
                ax.set_title(f"{target}: {TARGETS[target]} modes")
            if ax in axes[-1]:
                ax.set_xlabel("iterations")
                last = int(rows["iteration"].max())
                decades = [at for at in TICKS if at <= last]
                ax.set_xticks(decades, [f"{at:,}" for at in decades])
                ax.xaxis.set_minor_formatter(NullFormatter())
        row[0].set_ylabel(_beside(method, every), fontsize="small")
    picture.supylabel("modes covered (%)")
    found = pd.concat(of_target.values())
    counts = found.groupby(["target", "method"])["seed"].nunique()
    n = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    caption = (
        f"Modes covered, in percent, of {MEASURED:,} points: with {percent(COVERED_FROM)} of an even share at least. "
        f"Thin: each seed ({n} a loss); thick: their mean. No interval. Networks of width {_widths(found)}."
    )
    ends = [f"{target}, {m}: {v:.0f} %" for target, rows in of_target.items() for m, v in _means(rows)]
    alt = f"Lines over the iterations, a row of panels for each loss. Modes covered at the end: {'; '.join(ends)}."
    return Figure(caption, alt, picture, pd.concat(numbers), tuple(paths(found)))


def _widths(rows: pd.DataFrame) -> str:
    return " and ".join(str(width) for width in sorted(rows["width"].unique()))


def _means(rows: pd.DataFrame) -> list[tuple[Method, float]]:
    means = measures.means_of(at_the_end(rows), "covered")
    return [(method, means[method]) for method in in_row(means)]


@table_of_all("gan", "GANs in the plane, in numbers")
def in_numbers(results: Results) -> Table:
    """A row a setting and loss, at the end."""
    if results.gans.empty:
        return missing.table("No GAN was trained yet.", [commands.study(STUDY, results)])
    rows: list[dict[str, str]] = []
    bold: set[Cell] = set()
    ends = at_the_end(each_seed_once(results))
    order = [*TARGETS, *sorted(set(ends["target"]) - set(TARGETS))]
    groups = sorted(ends.groupby("setting"), key=lambda group: order.index(group[1]["target"].iloc[0]))
    for setting, alike in groups:
        best = max((value for _, value in _means(alike)), default=0)
        for method in in_row(alike["method"]):
            of = alike[alike["method"] == method]
            if of["covered"].mean() == best > 0:
                bold.add((len(rows), COLUMNS["covered"][0]))
            row = {"setting": str(setting), "loss": str(method), "n": str(len(of))}
            row |= {title: _spread(of[column], places) for column, (title, places) in COLUMNS.items()}
            less = _against(alike, method, PLAIN)
            row["modes minus plain (points)"] = cell(less) if less.seeds and method != PLAIN else ""
            rows.append(row | {"diverged": f"{int(of['diverged'].sum())} of {len(of)}"})
    floors = ends.groupby("target")["floor"].first()
    notes = [
        f"After the last iteration, {MEASURED:,} points of fixed noise. Of a setting that names no width it is the "
        f"paper's, {GanTrainingOptions.width}. Modes covered: with {percent(COVERED_FROM)} of an even share at least. "
        f"{measures.SPREAD} In brackets: 95 % t interval of the mean difference at the same seed.",
        "Unevenness: the Kullback-Leibler divergence of the hits from even, 0 where all modes have as many. Distance: "
        "sliced Wasserstein, to fresh points of the target; two samples of the target itself are apart by "
        f"{', '.join(f'{floor:.3f} ({target})' for target, floor in floors.items())}. Outside: of the window that the "
        "paper shows. Diverged: a loss or a point is no number any more.",
        "The paper has pictures alone. The authors' code mixes by an even coefficient, and both partners of real and "
        "fake points shuffled together, which is not what the paper writes.",
    ]
    return Table(pd.DataFrame(rows), notes, paths(results.gans), frozenset(bold), lead=list(_came_out(results)))


def _came_out(results: Results) -> Iterator[str]:
    """Of each target, what each loss covers."""
    for target, rows in shown(results).items():
        said = ", ".join(f"{method} {value / 100 * TARGETS[target]:.1f}" for method, value in _means(rows))
        seeds = rows.groupby("method")["seed"].nunique()
        n = f"{seeds.min()} to {seeds.max()} seeds" if seeds.min() < seeds.max() else many(seeds.max(), "seed")
        yield f"Modes covered of the {TARGETS[target]} of the {target}, mean of {n}: {said}."


def _spread(values: "pd.Series[float]", places: int) -> str:
    """With n where it is of fewer than all seeds, since without a hit there is no number."""
    n = values.count()
    return spread(values, places) + (f" (n = {n})" if 0 < n < len(values) else "")


def _against(ends: pd.DataFrame, method: Method, than: Method, column: str = "covered") -> Pairs:
    title = {"covered": "modes covered", "share": "points within 3σ of a mode"}[column]
    return pair(Measure(title, "%", measures.valued(ends, column), overlap=0.0), method, than)


@claim(
    "P22", "mixup's GAN covers more modes than the plain one, and than a non-saturating one",
    "Fig. 5; the non-saturating one is ours", "direction",
    "3.7 GAN", anywhere=True,
)  # fmt: skip
def covers_more(setting: Setting) -> Verdict:
    """On ring and grid, mixup of α = 0.2, at the end, by what is trained alike at the same seeds. Said beside, since a
    mode counts from a tenth of its even share: the share of points that lie on a mode at all."""
    results = setting.results
    line = commands.study(STUDY, results)
    parts: list[Part] = []
    seen, used, n, where, beside = [], [], [], [], []
    for target, rows in shown(results).items():
        ends = at_the_end(rows)
        for than in (PLAIN, FAIR):
            pairs = _against(ends, MIXUP, than)
            parts.append(of_pairs(pairs, 1, f"{target}, {seeds_said(len(pairs.seeds))}: "))
            seen += [f"{target}, {row}" for row in rows_of(pairs)]
            used += pairs.records
            n.append(len(pairs.seeds))
        where.append(str(rows["setting"].iloc[0]))
        beside.append(f"{target}, {said(_against(ends, MIXUP, FAIR, 'share'))}")
    if not any(n):
        return not_run("no GAN was trained by mixup and another loss at the same seeds yet", [line])
    lines_left = [line] if min(n) < ENOUGH else []
    return whole(f"on {' and '.join(where)}", parts, seen, used, lines_left, "; ".join(beside))


def _beside(method: Method, among: Sequence[Method]) -> str:
    """Its name beside a row of panels, which are not high: without the options of a loss that is there once."""
    is_alone = method.model and [one.model for one in among].count(method.model) == 1
    name = method.model if is_alone else str(method)
    return fill(name.replace(" loss", "").replace("the ", ""), BESIDE)


QUESTION = Question(__doc__, [ring, grid, over_iterations, in_numbers], [covers_more])
