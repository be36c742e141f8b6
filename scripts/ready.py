"""Every script asks it first, when it is run: is the environment active? It runs on any Python, and imports nothing."""

import sys
from importlib.util import find_spec

NEEDED = ("common", "tyro", "torch", "accelerate")


def check():  # type: ignore[no-untyped-def]  # of a Python too old for our own annotations, as of any
    """Ends with a sentence where this Python has not got what the scripts import."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            "The environment of this project is not active ({} has no {}). Once: python3 -m venv .venv; then\n"
            "    . .venv/bin/activate && pip install -r requirements.txt\n"
            "and the same command again. (make demo makes the environment, too.)\n".format(
                sys.executable, " and no ".join(missing)
            )
        )
        sys.exit(2)
