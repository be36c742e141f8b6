"""What the tests of the questions share: studies to ask, the verdicts on them, and how tables and pictures are read."""

import functools
from dataclasses import replace

import numpy as np

from analysis.collect import collect
from analysis.judging import judged
from analysis.questions import CLAIMS
from tests import fixtures
from tests.fixtures import ERM, MIXUP

SETTING = "cifar10-preactresnet18"
SMALL = {"subset": 5000, "width": 8, "epochs": 60}
SEEDS = 3  # of the whole study
BY_ID = {claim.id: claim for claim in CLAIMS}
OTHERS = ("P10", "P11", "P12", "P13", "P14", "P15", "P16", "P21", "P35")  # they find their own settings

# Five pairs are what a verdict takes.
study, corrupted_labels, speech, tabular = (
    functools.partial(of, seeds=5) for of in (fixtures.study, fixtures.corrupted, fixtures.speech, fixtures.tabular)
)


def verdicts(folder, setting=None, ids=tuple(BY_ID)):
    """By id; corrected for all that their sections ask."""
    sections = {BY_ID[one].section for one in ids}
    among = [claim for claim in CLAIMS if claim.section in sections]
    found = {claim.id: verdict for claim, verdict in judged(among, collect(folder), setting)}
    return {one: found[one] for one in ids}


def of_study(tmp_path, *ids, **numbers):
    """The statuses of some claims after a study with these numbers."""
    study(tmp_path, **numbers)
    return [verdict.status for verdict in verdicts(tmp_path, ids=ids).values()]


def of_others(folder, *ids):
    return [verdict.status for verdict in verdicts(folder, ids=ids).values()]


def corrupted(folder, erm=None, mixup=None, both=None, **study):
    """The paper's numbers, but for these."""
    arms = dict(fixtures.CORRUPTED)
    for arm, changes in (((None, 0.0), erm), ((8.0, 0.0), mixup), ((4.0, 0.5), both)):
        arms[arm] = replace(arms[arm], **(changes or {}))
    corrupted_labels(folder, arms=arms, **study)


def attacked(model, white=None, black=None):
    return replace(model, white={**model.white, **(white or {})}, black={**model.black, **(black or {})})


def column(table, name, **where):
    frame = table.frame
    for key, value in where.items():
        frame = frame[frame[key] == value]
    return list(frame[name])


def drawn(ax):
    """The lines of an axes by label: "_ERM" is a mean, "_ERM, seed 0" one seed."""
    return {line.get_label(): line for line in ax.get_lines()}


def at(line, x):
    places = np.flatnonzero(np.isclose(np.asarray(line.get_xdata(), dtype=float), x))
    assert len(places) == 1
    return float(line.get_ydata()[places[0]])


def partial(folder, kind):
    """Folders that lack something, by what they have."""
    if kind == "one ERM run":
        fixtures.train(folder)
    elif kind == "mixup alone":
        fixtures.train(folder, MIXUP, alpha=1.0)
    elif kind == "no pair":
        fixtures.train(folder)
        fixtures.train(folder, MIXUP, alpha=1.0, seed=1)
    elif kind == "no probes":
        fixtures.study(folder, probes=())
    elif kind == "ERM probed alone":
        run = fixtures.train(folder)
        fixtures.train(folder, MIXUP, alpha=0.3)
        fixtures.interpolate(folder, run)
        fixtures.attack(folder, run, run, ERM.white)
    elif kind == "transfer alone":
        source, target = fixtures.train(folder), fixtures.train(folder, MIXUP, alpha=1.0, seed=1)
        fixtures.attack(folder, source, target, {("fgsm", 8.0): 5000})
    elif kind == "test pairs":
        fixtures.interpolate(folder, fixtures.train(folder), split="test")
    elif kind == "other settings":
        source = fixtures.train(folder, options={"width": 8})
        fixtures.attack(folder, source, fixtures.train(folder), ERM.black)
    elif kind == "border alone":
        fixtures.boundary(folder, {None: (0.1,), 8.0: (0.5,)}, name="moons")
    elif kind == "held out alone":
        fixtures.train(folder, options={"holdout": 5000})


PARTIAL = [
    "one ERM run",
    "mixup alone",
    "no pair",
    "no probes",
    "ERM probed alone",
    "transfer alone",
    "test pairs",
    "other settings",
    "border alone",
    "held out alone",
]
