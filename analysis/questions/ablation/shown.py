"""What is shown of Table 5: each row against ERM and against mixup."""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from textwrap import fill
from typing import Any

import pandas as pd
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D

from analysis import commands, dots, measures, missing, paper
from analysis.collect import Results
from analysis.figure import WIDE, Figure
from analysis.lines import MEAN, SHORT, SOLID, look_of
from analysis.measures import ENOUGH, Pairs, spread
from analysis.methods import ERM, MIXUP, Method
from analysis.outcome import cell
from analysis.question import figure_of_all, table_of_all
from analysis.questions.ablation.kin import FURTHER, Decays, Screened, at, papers, rows, said_of, share, study_of
from analysis.table import Row, Table, paths, stacked
from analysis.verdict import decided

LOOKS = {1e-4: ("#029e73", "s"), 5e-4: ("#555555", "o")}  # colour and mark of weight decays
OTHER_DECAY = "#cc78bc", "D"


WHERE = "", " on another data set", " for the best on more rows"  # by place


def effects(results: Results, place: int) -> Figure:
    """A row a method, a mark a weight decay; a panel against ERM, one against mixup."""
    found = at(results, place)
    study = study_of(results, found, place)
    if not found:
        return Figure(missing=missing.study(results, f"of mixup's variants{WHERE[place]}", study))
    names = {method: fill(str(method), 27) for method in _kin(found)}
    marks = {f"weight decay {said_of(decay)}": one for decay, one in found.items()}
    parts = [
        dots.numbers(str(than), names.get(method, ""), mark, one.less(method, than))
        for than, other in ((ERM, MIXUP), (MIXUP, ERM))
        for method in (*names, other)  # which is a line, and one of those that are corrected together
        for mark, one in marks.items()
    ]
    numbers = dots.joined(parts)
    numbers = numbers[numbers["row"] != ""]
    if numbers.empty:
        return Figure(missing=missing.study(results, "of mixup's variants at the seeds of ERM or mixup", study))
    looks = {mark: LOOKS.get(decay, OTHER_DECAY) for mark, decay in zip(marks, found, strict=True)}
    picture = Picture(figsize=(WIDE, 1.5 + 0.42 * len(names)), layout="constrained")
    lines, beyond = {ERM: look_of(ERM)[0], MIXUP: look_of(MIXUP)[0]}, False
    for ax, than, other in zip(picture.subplots(1, 2, sharey=True), (ERM, MIXUP), (MIXUP, ERM), strict=True):
        dots.draw(ax, numbers[numbers["panel"] == str(than)], list(names.values()), looks)
        ax.axvline(0, color=lines[than], linewidth=1.6, zorder=1, label=f"_{than}")
        means = [one.less(other, than).interval.mean for one in marks.values()]
        for dashes, mark, mean in zip((SOLID, SHORT, ":"), marks, means, strict=False):
            ax.axvline(mean, color=lines[other], linewidth=1.6, zorder=1, linestyle=dashes, label=f"_{other}, {mark}")
        beyond |= dots.cut(ax, numbers[numbers["panel"] == str(than)], list(names.values()), [0.0, *means])
        ax.set(title=f"difference from {than}", xlabel="points of test error")
        ax.tick_params(axis="y", labelsize="small")
    dots.legend(picture, numbers, looks, [Line2D([], [], color=color, label=str(one)) for one, color in lines.items()])
    dashed = ", dashed that of the larger weight decay" if len(found) > 1 else ""
    caption = (
        f"{', '.join(one.name for one in found.values())}. Test error after the last epoch, minus that of ERM and that "
        f"of mixup, at the same seeds ({dots.pairs_said(numbers)}). {dots.WHISKERS} Upright "
        f"lines: ERM and mixup themselves{dashed}.{' Arrows: means too far away to be drawn.' if beyond else ''}"
    )
    caption = " ".join([caption, *_hardly_trained(found)])
    less_erm = numbers[(numbers["line"] == MEAN) & (numbers["panel"] == "ERM")]
    told = "; ".join(_told(one) for one in less_erm.to_dict("records"))
    alt = f"A row for each method, with a dot and whiskers for each weight decay. Minus ERM: {told or 'no pair yet'}."
    used = [path for one in found.values() for path in paths(one.setting.here.runs[_of_rows(found, one)])]
    return Figure(caption, alt, picture, numbers.assign(row=numbers["row"].str.replace("\n", " ")), tuple(used))


def _kin(found: Decays) -> list[Method]:
    return [method for method in rows(found) if method.is_kin]


def _told(mean: dict[Any, Any]) -> str:
    return f"{mean['row']}, {mean['mark']}: {measures.signed(mean['difference'], 2)}".replace("\n", " ")


def _of_rows(found: Decays, one: Screened) -> "pd.Series[bool]":
    return one.setting.here.runs["method"].isin(rows(found))


def in_numbers(results: Results, place: int) -> Table:
    """A row a method: for each weight decay its error, minus ERM's and minus mixup's; and the paper's beside."""
    found = at(results, place)
    if not found:
        return missing.table(
            f"No variant of mixup was trained yet{WHERE[place]}.",
            [commands.study(study_of(results, found, place), results)],
        )
    every = rows(found)
    here = [papers(method) for method in every]
    theirs = [method for method in paper.TABLE_5 if method not in here and place != FURTHER]
    shown, bold = stacked([[_row(found, method) for method in [*every, *theirs]]])
    model = next(iter(found.values())).setting.config["model"]
    notes = [
        f"By weight decay, {' and '.join(one.name for one in found.values())}. Test error after the last epoch; bold: "
        f"the lowest. {measures.SPREAD} In brackets: 95 % t interval of the mean difference at the same seed, not "
        "corrected.",
        f"Inputs only: the label is that of the row with the larger share. Noise in standard deviations. Layers "
        f"are {model}'s own, and the paper's those of PreAct ResNet-18; its neighbours are 200 of 50,000 rows.",
        "The paper's: median of the last ten epochs of one run on CIFAR-10. AC, SC: pairs of all classes, or of the "
        f"same; RP, KNN: random ones, or neighbours. {paper.FROM_MEMORY}",
    ]
    used = [path for one in found.values() for path in paths(one.setting.here.runs[_of_rows(found, one)])]
    return Table(shown, notes, used, bold, lead=[*_came_out(found), *_hardly_trained(found)])


def _hardly_trained(found: Decays) -> list[str]:
    return [
        said for one in found.values() for said in measures.hardly_trained(one.setting.here.runs[_of_rows(found, one)])
    ]


def _row(found: Decays, method: Method) -> Row:
    row = paper.TABLE_5.get(papers(method))
    shown = {"method": str(method), "Table 5": f"{row.method} {row.variant}".strip() if row else ""}
    means = {}
    for decay, one in found.items():
        runs = one.setting.here.runs
        runs = runs[runs["method"] == method]
        title, head = f"{said_of(decay)}: error (%)", f"{said_of(decay)}: "
        shown |= {f"{head}n": str(len(runs) or ""), title: spread(runs["error"], 2)}
        for than in (ERM, MIXUP):
            shown[f"{head}minus {than}"] = "" if method == than else cell(one.less(method, than))
        shown[f"{head}the paper's (%)"] = str(row.errors.get(decay, "")) if row else ""
        means[title] = runs["error"].mean() if len(runs) else math.inf
    return shown, means


def _came_out(found: Decays) -> Iterator[str]:
    """Which rows are shown to err less, and more, than ERM and than mixup."""
    for decay, one in found.items():
        for than in (ERM, MIXUP):
            others = _against(one, than, rows(found))
            if not others:
                continue
            groups = {"less": decided(others, 0, -1), "more": decided(others, 0, 1)}
            said = "; ".join(f"{which} error than {than}: {share(of, [*others])}" for which, of in groups.items())
            yield f"Weight decay {said_of(decay)}, by Holm's correction over {len(others)} methods: {said}."


def _against(one: Screened, than: Method, others: Sequence[Method]) -> dict[str, Pairs]:
    """By name, of those that have enough pairs to judge by."""
    found = {str(method): one.less(method, than) for method in others if method != than}
    return {name: pairs for name, pairs in found.items() if len(pairs.seeds) >= ENOUGH}


SHOWN = [
    one
    for place, name in enumerate(("ablation", "ablation-2", "ablation-best"))
    for one in (
        figure_of_all(name, f"Table 5{WHERE[place]}: what each departs by from ERM, and from mixup")(
            partial(effects, place=place)
        ),
        table_of_all(name, f"Table 5{WHERE[place]}, with intervals")(partial(in_numbers, place=place)),
    )
]
