"""A table of the study: as Markdown, HTML and CSV. None of the three needs colour."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

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
        return "\n\n".join([*self.lead, self._rest(folder)]) + "\n"

    def folded(self, folder: str = "") -> str:
        """The same, with the table to be opened by hand: for a long one in README."""
        if self.frame.empty:
            return self.to_markdown(folder)
        opening = f"<details><summary>{html.escape(self.title)}: {len(self.frame)} rows</summary>"
        return "\n\n".join([*self.lead, opening, self._rest(folder), "</details>"]) + "\n"

    def _rest(self, folder: str) -> str:
        lines = []
        if len(self.frame):
            columns = list(self.frame.columns)
            lines += ["| " + " | ".join(map(_escaped, columns)) + " |", "|" + "---|" * len(columns)]
            for row in range(len(self.frame)):
                lines.append("| " + " | ".join(self._cell(row, column, folder) for column in columns) + " |")
        return "\n\n".join(["\n".join(lines), *self.notes] if lines else self.notes)

    def to_html(self) -> str:
        lead, notes = ("".join(f"<p>{_code(html.escape(note))}</p>" for note in of) for of in (self.lead, self.notes))
        if self.frame.empty:
            return f"<p><strong>{html.escape(self.title)}</strong></p>{lead}{notes}"
        columns = list(self.frame.columns)
        weights = pd.DataFrame("", index=self.frame.index, columns=self.frame.columns)
        for row, column in self.bold:
            weights.iloc[row, columns.index(column)] = "font-weight: bold"
        styler = self.frame.style.hide(axis="index").format(escape="html").format_index(escape="html", axis=1)
        styler = styler.apply(lambda _: weights, axis=None).set_caption(html.escape(self.title))
        identifier = re.sub(r"\W+", "-", self.title.lower()).strip("-")
        return lead + styler.set_uuid(identifier).to_html() + notes

    def to_csv(self) -> str:
        return self.frame.to_csv(index=False, lineterminator="\n")

    def _repr_html_(self) -> str:
        return self.to_html()

    def _cell(self, row: int, column: str, folder: str) -> str:
        text = _escaped(str(self.frame[column].iloc[row]))
        text = f"**{text}**" if (row, column) in self.bold and text else text
        record = self.links.get((row, column))
        return f"[{text}]({folder.rstrip('/')}/{record})" if record and folder else text


def _code(text: str) -> str:
    """Commands stand between backticks, as Markdown has them."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", text)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def paths(frame: pd.DataFrame) -> list[str]:
    """The records that rows are from, each once."""
    return list(dict.fromkeys(frame["record"]))
