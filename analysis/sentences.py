"""Sentences with names from outside in them (classes, data sets, columns, files, commands), and how they are shown.

A sentence is plain text: nothing in it is meant as a mark of Markdown or HTML, whatever it looks like. What is to be
copied from it is marked by `code`. Sentences become Markdown, HTML or text here, and nowhere else.
"""

import html
import re
from collections.abc import Iterator

from common.terminal import visible

OPEN, CLOSE = "\ue000", "\ue001"  # private characters, which no name keeps (`named`)
CODE = re.compile(f"{OPEN}(.*?){CLOSE}", re.DOTALL)
# What Markdown (CommonMark, GitHub's and Jupyter's) takes for a mark within a line, and at the start of one.
MARKS = re.compile(
    r"""(?P<always>[\\`*~$|])            # escapes, code, emphasis, strikethrough, mathematics, cells
    |(?P<edge>(?<![^\W_])_+|_+(?![^\W_]))  # emphasis: not within a word
    |(?P<link>\](?=[\[(:]))              # links, pictures, definitions
    |(?P<address>(?<=http):(?=//)|(?<=https):(?=//)|(?<=ftp):(?=//)|(?<=www)\.)  # what GitHub makes a link of
    |(?P<tag><(?=[A-Za-z/!?]))           # HTML, addresses
    |(?P<entity>&(?=\#?\w+;))""",
    re.VERBOSE | re.IGNORECASE,
)
FIRST = re.compile(r"(\s*)(?:(\#{1,6}(?=\s|$)|[+-](?=[\s-]*$|\s)|>)|(\d{1,9})([.)])(?=\s|$))")


def code(text: str) -> str:
    """A command or a path, to be copied."""
    return f"{OPEN}{text}{CLOSE}"


def many(n: int, thing: str) -> str:
    """ "1 pair", "5 pairs"."""
    return f"{n} {thing}{'' if n == 1 else 's'}"


def named(text: str) -> str:
    """A text from outside, with what cannot be seen in it written out; nothing in it is taken for our own marks."""
    return visible(text).replace(OPEN, r"\ue000").replace(CLOSE, r"\ue001")


def to_markdown(sentence: str) -> str:
    """Each mark in it is escaped; in table cells and paragraphs alike."""
    return "".join(_fenced(text) if is_code else _escaped(text) for is_code, text in _parts(sentence))


def to_html(sentence: str) -> str:
    return "".join(
        f"<code>{html.escape(text)}</code>" if is_code else html.escape(text) for is_code, text in _parts(sentence)
    )


def to_text(sentence: str) -> str:
    """For a terminal, and for those who do not see the picture."""
    return "".join(f"`{text}`" if is_code else text for is_code, text in _parts(sentence))


def _parts(sentence: str) -> Iterator[tuple[bool, str]]:
    """Its parts, in turn no code and code."""
    for number, part in enumerate(CODE.split(sentence)):
        yield number % 2 == 1, visible(part)


def _escaped(text: str) -> str:
    def mark(found: re.Match[str]) -> str:
        if found["tag"] or found["entity"]:  # not by a backslash: README's own marks begin with <!--
            return html.escape(found[0])
        return "".join(f"\\{character}" for character in found[0])

    return FIRST.sub(_first, MARKS.sub(mark, text), count=1) if FIRST.match(text) else MARKS.sub(mark, text)


def _first(found: re.Match[str]) -> str:
    """What would begin a heading, a list, a quotation or a line across."""
    space, mark, number, after = found.groups()
    return f"{space}\\{mark}" if mark else f"{space}{number}\\{after}"


def _fenced(text: str) -> str:
    """As code, between more backticks than stand in it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{fence}{space}{text}{space}{fence}"
