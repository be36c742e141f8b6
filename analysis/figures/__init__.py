"""The figures of the study: functions of the results and a setting (None: the headline's). Each stands alone. Those of
corrupted labels, tables and speech find their own settings."""

from collections.abc import Callable

from analysis.collect import Results
from analysis.figures.attack import epsilon, transfer
from analysis.figures.corrupted import corrupted
from analysis.figures.differences import speech, tabular
from analysis.figures.figure import Figure
from analysis.figures.headline import headline
from analysis.figures.inbetween import gradients, misses, probability
from analysis.figures.pairs import example
from analysis.figures.toy import boundaries
from analysis.figures.training import calibration, cost, curves

ALL: list[Callable[[Results, str | None], Figure]] = [
    headline,
    boundaries,
    example,
    misses,
    gradients,
    probability,
    curves,
    epsilon,
    transfer,
    calibration,
    corrupted,
    tabular,
    speech,
    cost,
]
