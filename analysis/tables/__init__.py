"""The tables of the study. Each takes `Results` and, where it is of one, a setting (the headline's by default)."""

from analysis.tables.attacks import attacks, transfer
from analysis.tables.between import borders, misses
from analysis.tables.corrupted import corrupted
from analysis.tables.deck import deck, deck_under_attack
from analysis.tables.probes import came_out
from analysis.tables.runs import cost, holdout, methods, paired, problems
from analysis.tables.settings import settings
from analysis.tables.speech import speech
from analysis.tables.table import Table
from analysis.tables.tabular import tabular

__all__ = [
    "Table",
    "attacks",
    "borders",
    "came_out",
    "corrupted",
    "cost",
    "deck",
    "deck_under_attack",
    "holdout",
    "methods",
    "misses",
    "paired",
    "problems",
    "settings",
    "speech",
    "tabular",
    "transfer",
]
