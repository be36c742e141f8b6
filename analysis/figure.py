"""What a figure is: a picture, the numbers in it, and what to say of them. How every figure looks."""

import base64
import io
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure as Picture
from PIL import Image

from analysis.sentences import code, to_markdown

DPI = 140
COLORS = 128
WIDE = 6.4  # inches: what is shown at a telephone's width still has letters to read

LOOK: Any = {
    **sns.axes_style("whitegrid"),
    **sns.plotting_context("notebook", font_scale=0.9),
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "grid.color": "#dddddd",
    "axes.edgecolor": "#888888",
    "axes.titlesize": "medium",
    "text.parse_math": False,  # a name may hold dollars
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that the picture is the same everywhere
}


@dataclass(frozen=True)
class Figure:
    """A picture and the numbers in it, or a sentence that says what is missing.

    caption  what is seen; n, and the kind of interval
    alt      the picture in words, for those who do not see it
    picture  None where there is nothing to draw
    data     the numbers drawn, a row each
    records  paths below the results folder that the numbers come from
    missing  what is not there, and the command that makes it; empty where the picture is whole
    name     of its files
    title    one line
    """

    caption: str = ""
    alt: str = ""
    picture: Picture | None = None
    data: pd.DataFrame = field(default_factory=pd.DataFrame)
    records: tuple[str, ...] = ()
    missing: str = ""
    name: str = ""
    title: str = ""

    def png(self) -> bytes:
        """The same bytes for the same numbers and library versions: no date, no version in it."""
        assert self.picture is not None, f"{self.name}: nothing is drawn"
        drawn, file = io.BytesIO(), io.BytesIO()
        with mpl.rc_context(LOOK):
            self.picture.savefig(drawn, format="png", dpi=DPI)
        few = Image.open(drawn).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)  # a third of the size
        few.save(file, "PNG", optimize=True)
        return file.getvalue()

    @property
    def shows(self) -> bool:
        return self.picture is not None

    def csv(self) -> str:
        """The numbers drawn, to six digits: further ones differ between machines."""
        return self.data.to_csv(index=False, float_format="%.6g", lineterminator="\n")

    def to_markdown(self) -> str:
        """For README: the picture, which lies below `folder`, and its caption; or what is missing."""
        if self.picture is None:
            return f"*{to_markdown(f'{self.title}: {self.missing}')}*"
        return f"![{to_markdown(self.alt)}](results/figures/{self.name}.png)\n\n*{to_markdown(self.caption)}*"

    def text(self) -> str:
        """Markdown: caption, what is missing, and from which records."""
        if self.picture is None:
            return f"**{to_markdown(self.title)}.** {to_markdown(self.missing)}"
        said = f"**{to_markdown(self.title)}.** {to_markdown(f'{self.caption} {self.missing}'.strip())}"
        listed = "\n".join(f"- {to_markdown(code(path))}" for path in self.records)
        return f"{said}\n\n<details><summary>From {len(self.records)} records</summary>\n\n{listed}\n\n</details>"

    def _ipython_display_(self) -> None:
        """In a notebook: the picture with its alternative text, and beneath it the caption."""
        from IPython.display import display

        if self.picture is not None:
            image = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": self.alt}
            about = {"image/png": {"alt": self.alt, "figure": self.name}}
            display(image, metadata=about, raw=True)  # type: ignore[no-untyped-call]
        display({"text/markdown": self.text(), "text/plain": self.text()}, raw=True)  # type: ignore[no-untyped-call]
