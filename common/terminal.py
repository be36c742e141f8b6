"""What is said to the user: the only code that prints. Names that come from outside (of files, classes, columns) may
hold what a terminal takes for orders; that is shown, and not sent. What a terminal cannot show is said plainly."""

import codecs
import io
import re
import sys
import unicodedata

# Control characters, halves of characters (a file name that is not UTF-8), and separators of lines and paragraphs.
UNPRINTABLE = "\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029"
# What turns the direction of writing around, so that a name reads as another.
TURNING = "\u200e\u200f\u202a-\u202e\u2066-\u2069"
CONTROL = re.compile(f"[{UNPRINTABLE}]")
_HIDDEN = re.compile(f"[{UNPRINTABLE}{TURNING}]")
# How a terminal that knows ASCII alone, or little more, is told what the field writes in Greek.
PLAIN = {"α": "alpha", "ε": "epsilon", "λ": "lambda", "−": "-", "×": "x", "±": "+-", "…": "...", "·": "*", "≤": "<="}
PLAIN |= {"–": "-", "—": "-", "─": "-", "│": "|", **dict.fromkeys("╭╮╰╯├┤", "+"), **dict.fromkeys("“”„", '"'), "’": "'"}


def say(text: str, *, error: bool = False, end: str = "\n") -> None:
    """Prints at once, an error to stderr. Lines and tabs stay; what else cannot be seen is written out."""
    shown = "".join(part if part in ("\n", "\t") else visible(part) for part in re.split(r"([\n\t])", text))
    print(shown, end=end, file=sys.stderr if error else sys.stdout, flush=True)


def visible(text: str) -> str:
    r"""A name with what cannot be seen in it written out: \x1b, \n, \u202e."""
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def speak_plainly() -> None:
    """Has what a terminal cannot show said in characters that it can, rather than end in a UnicodeEncodeError."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors != "plain":
            stream.reconfigure(errors="plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    said = [PLAIN.get(c) or unicodedata.normalize("NFKD", c) for c in error.object[error.start : error.end]]
    return "".join(said).encode("ascii", "replace").decode(), error.end


codecs.register_error("plain", _plain)
