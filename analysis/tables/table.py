"""A table of the study: as Markdown, HTML and CSV. None of the three needs colour."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import pandas as pd

from analysis.sentences import to_html, to_markdown
from common.terminal import visible

Cell = tuple[int, str]  # row, column


@dataclass(frozen=True)
class Table:
    """A table to show.

    frame    what is shown, as text
    notes    sentences below it: what the intervals are, what is missing and which command makes it
    lead     sentences above it: what came out
    records  paths, below the results folder, of the records that it was made from
    bold     the cells that are best
    links    the record that a cell was read from, where it was from one
    """

    title: str
    frame: pd.DataFrame
    notes: Sequence[str] = ()
    records: Sequence[str] = ()
    bold: frozenset[Cell] = frozenset()
    links: Mapping[Cell, str] = field(default_factory=dict)
    lead: Sequence[str] = ()

    def to_markdown(self, folder: str = "") -> str:
        """folder: where the records lie, as seen from the page, so that cells link to them; "" for no links"""
        return "\n\n".join([*map(to_markdown, self.lead), self._rest(folder)]) + "\n"

    def folded(self, folder: str = "") -> str:
        """The same, with the table to be opened by hand: for a long one in README."""
        if self.frame.empty:
            return self.to_markdown(folder)
        opening = f"<details><summary>{to_html(self.title)}: {len(self.frame)} rows</summary>"
        return "\n\n".join([*map(to_markdown, self.lead), opening, self._rest(folder), "</details>"]) + "\n"

    def _rest(self, folder: str) -> str:
        lines = []
        if len(self.frame):
            columns = list(self.frame.columns)
            lines += ["| " + " | ".join(map(to_markdown, columns)) + " |", "|" + "---|" * len(columns)]
            for row in range(len(self.frame)):
                lines.append("| " + " | ".join(self._cell(row, column, folder) for column in columns) + " |")
        notes = list(map(to_markdown, self.notes))
        return "\n\n".join(["\n".join(lines), *notes] if lines else notes)

    def to_html(self, of: str = "") -> str:
        """of: what tells it from others of its title on one page"""
        lead, notes = ("".join(f"<p>{to_html(note)}</p>" for note in of) for of in (self.lead, self.notes))
        if self.frame.empty:
            return f"<p><strong>{to_html(self.title)}</strong></p>{lead}{notes}"
        columns = list(self.frame.columns)
        weights = pd.DataFrame("", index=self.frame.index, columns=self.frame.columns)
        for row, column in self.bold:
            weights.iloc[row, columns.index(column)] = "font-weight: bold"
        styler = self.frame.map(lambda cell: visible(str(cell))).style.hide(axis="index").format(escape="html")
        styler = styler.format_index(escape="html", axis=1).apply(lambda _: weights, axis=None)
        styler = styler.set_caption(to_html(self.title))
        identifier = re.sub(r"\W+", "-", f"{self.title} {of}".lower()).strip("-")
        return lead + styler.set_uuid(identifier).to_html() + notes

    def to_csv(self) -> str:
        return self.frame.to_csv(index=False, lineterminator="\n")

    def _repr_html_(self) -> str:
        return self.to_html()

    def _cell(self, row: int, column: str, folder: str) -> str:
        text = to_markdown(str(self.frame[column].iloc[row]))
        text = f"**{text}**" if (row, column) in self.bold and text else text
        record = self.links.get((row, column))
        return f"[{text}]({folder.rstrip('/')}/{quote(record, safe='/+')})" if record and folder else text


def paths(frame: pd.DataFrame) -> list[str]:
    """The records that rows are from, each once."""
    return list(dict.fromkeys(frame["record"]))
