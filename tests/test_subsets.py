"""A study half done: every figure, table and claim of every subset of records that a study passes through."""

import itertools

import pytest

from analysis.collect import collect
from analysis.figure import Figure
from analysis.questions import SHOWN
from tests import fixtures

KINDS = {
    "images": {"dataset": "cifar10"},
    "own photographs": {"dataset": "photos"},
    "a drawn table": {"dataset": "iris", "kind": "table", "rows": 120},
    "sounds": {"dataset": "spoken_digits", "kind": "sounds"},
    "corrupted labels": {"dataset": "cifar10", "options": {"corrupt_labels": 0.2}},
    "held-out rows": {"dataset": "cifar10", "options": {"holdout": 5000}},
}
RUNS = {  # alpha and seed
    "one ERM": [(None, 0)],
    "ERM alone": [(None, 0), (None, 1), (None, 2)],
    "mixup alone": [(1.0, 0), (1.0, 1), (1.0, 2)],
    "one seed": [(None, 0), (1.0, 0)],
    "no pair": [(None, 0), (1.0, 1)],
    "alphas alone": [(0.2, 0), (1.0, 0), (8.0, 0)],
    "two seeds": [(None, 0), (1.0, 0), (None, 1), (1.0, 1)],
}
PROBES = ("none", "all", "one run")


def write(folder, kind, runs, probed):
    of_kind = {"options": {}, **KINDS[kind]}
    made = []
    for number, (alpha, seed) in enumerate(RUNS[runs]):
        of_run = dict(of_kind)
        if kind == "a drawn table":
            of_run |= {"options": {"data_seed": seed, "test_share": 0.2}}
        made.append(fixtures.train(folder, alpha=alpha, seed=seed, step=number, **of_run))
    for run in made if probed == "all" else made[-1:] if probed == "one run" else []:
        fixtures.interpolate(folder, run)
        for source in made if probed == "all" else [run]:
            fixtures.attack(folder, source, run, fixtures.ERM.white if probed == "all" else {("noise", 4.0): 600})
    if probed == "one run":
        fixtures.boundary(folder, {None: (0.1,)})


# Each kind with each subset of runs; probes in turn, so that each kind and each subset meets all of them. A third of
# them stand for the rest where tests are to be quick.
SUBSETS = [
    pytest.param(
        *(of := (kind, runs, PROBES[(row + column) % len(PROBES)])),
        id=", ".join(of),
        marks=[] if (row + 2 * column) % 3 == 0 else pytest.mark.long,
    )
    for (row, kind), (column, runs) in itertools.product(enumerate(KINDS), enumerate(RUNS))
]


@pytest.mark.parametrize(("kind", "runs", "probed"), SUBSETS)
def test_all_that_is_shown_of_a_study_half_done(tmp_path, kind, runs, probed):
    write(tmp_path, kind, runs, probed)
    results = collect(tmp_path)
    assert results.problems == []
    shown = {name: make(results) for name, make in SHOWN.items()}
    for name, figure in shown.items():
        if isinstance(figure, Figure):
            assert figure.shows or figure.missing, name
            assert "nan" not in f"{figure.caption} {figure.alt}".lower(), name
            assert len(figure.text()) > len(figure.title) + 20
    for name, table in shown.items():
        if isinstance(table, Figure):
            continue
        assert table.shows or table.notes, name
        for text in (table.to_html(), table.to_markdown(), table.csv()):
            assert "nan" not in text.lower(), name
            assert "not measured, which" not in text, name
            assert "by not measured" not in text, name
    if "cifar10" not in results.runs["dataset"].tolist():
        told = " ".join(shown[name].csv() for name in ("table-deck", "table-deck-under-attack", "table-misses"))
        assert "4.21" not in told
        assert "the deck 4.21" not in shown["table-claims"].csv()
