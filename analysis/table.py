"""A table of the study: as Markdown, HTML and CSV. None of the three needs colour."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.sentences import to_html, to_markdown

Cell = tuple[int, str]  # row, column
Row = tuple[dict[str, str], dict[str, float]]  # its cells, and of those that are compared with others' the means
SHORT, LONG = 30, 40  # letters in a cell


@dataclass(frozen=True)
class Table:
    """A table to show.

    frame    what is shown, as text
    notes    sentences below it: what the intervals are, what is missing and which command makes it
    lead     sentences above it: what came out
    records  paths, below the results folder, of the records that it was made from
    bold     the cells that are best
    title    one line
    """

    frame: pd.DataFrame
    notes: Sequence[str] = ()
    records: Sequence[str] = ()
    bold: frozenset[Cell] = frozenset()
    lead: Sequence[str] = ()
    title: str = ""

    def to_markdown(self) -> str:
        lines = []
        if self.shows:
            columns = list(self.frame.columns)
            lines += ["| " + " | ".join(map(to_markdown, columns)) + " |", "|" + "---|" * len(columns)]
            for row in range(len(self.frame)):
                lines.append("| " + " | ".join(self._cell(row, column) for column in columns) + " |")
        table = ["\n".join(lines)] if lines else []
        return "\n\n".join([*map(to_markdown, self.lead), *table, *map(to_markdown, self.notes)]) + "\n"

    def to_html(self) -> str:
        """Its cells are marked: those that are not to be broken into lines where the window is narrow, and those that
        need room. There a table of sentences is shown cell by cell, each with its column's name; one of numbers
        scrolls."""
        lead, notes = ("".join(f"<p>{to_html(note)}</p>" for note in of) for of in (self.lead, self.notes))
        if self.frame.empty:
            return f"<p><strong>{to_html(self.title)}</strong></p>{lead}{notes}"
        names = [to_html(str(name)) for name in self.frame.columns]
        kinds = {_kind(str(cell)) for row in self.frame.to_numpy() for cell in row}
        rows = ["".join(f"<th>{name}</th>" for name in names)]
        for number, row in enumerate(self.frame.to_numpy()):
            cells = zip(self.frame.columns, names, map(str, row), strict=True)
            rows.append("".join(self._html_cell((number, column), name, cell) for column, name, cell in cells))
        head, *body = (f"<tr>{row}</tr>" for row in rows)
        title, kind = to_html(self.title), "sentences" if "long" in kinds else "numbers"
        return (
            f'{lead}<div class="table {kind}" tabindex=0 role=region aria-label="{title}"><table>'
            f"<caption>{title}</caption>\n<thead>{head}</thead>\n<tbody>\n" + "\n".join(body) + "\n</tbody></table>"
            f"{notes}</div>"
        )

    def _html_cell(self, place: Cell, name: str, text: str) -> str:
        bold = ' style="font-weight: bold"' if place in self.bold else ""
        return f'<td class="{_kind(text)}" data-column="{name}"{bold}>{to_html(text)}</td>'

    @property
    def shows(self) -> bool:
        return len(self.frame) > 0

    def csv(self) -> str:
        return self.frame.to_csv(index=False, lineterminator="\n")

    def _repr_html_(self) -> str:
        return self.to_html()

    def _cell(self, row: int, column: str) -> str:
        text = to_markdown(str(self.frame[column].iloc[row]))
        return f"**{text}**" if (row, column) in self.bold and text else text


def _kind(cell: str) -> str:
    return "none" if not cell else "short" if len(cell) <= SHORT else "long" if len(cell) > LONG else ""


def stacked(groups: Iterable[Sequence[Row]]) -> tuple[pd.DataFrame, frozenset[Cell]]:
    """Rows of several groups, one below the other, and the cells that are the lowest of their group."""
    rows: list[dict[str, str]] = []
    bold: set[Cell] = set()
    for group in groups:
        bold |= _lowest({len(rows) + place: means for place, (_, means) in enumerate(group)})
        rows += [cells for cells, _ in group]
    return pd.DataFrame(rows), frozenset(bold)


def _lowest(means: Mapping[int, Mapping[str, float]]) -> set[Cell]:
    """The lowest of each column, of several rows; means: by row and column."""
    if len(means) < 2:
        return set()
    columns = next(iter(means.values()))
    return {
        (row, name) for name in columns for row in means if means[row][name] == min(m[name] for m in means.values())
    }


def paths(frame: pd.DataFrame) -> list[str]:
    """The records that rows are from, each once."""
    return list(dict.fromkeys(frame["record"]))
