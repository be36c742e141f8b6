"""What every script asks first when it is run, in one line above its imports. Python reads a script from top to bottom,
and torch and its like, which stand there, take seconds to import: whoever asks for --help, mistypes an option or has
not got the environment is answered before. It runs on any Python, and imports nothing until that is known."""

import sys
from importlib import import_module
from importlib.util import find_spec

NEEDED = ("common", "tyro", "torch", "accelerate")


def answer(name, description):  # type: ignore[no-untyped-def]  # of a Python too old for our own annotations, as of any
    """Ends with the help, or a sentence, where there is nothing to run. The options of scripts/NAME.py are NameOptions
    in common/options/NAME.py; its `main` reads them again."""
    missing = [module for module in NEEDED if find_spec(module) is None]
    if missing:
        sys.stderr.write(
            "The environment of this project is not active ({} has no {}). Once: python3 -m venv .venv; then\n"
            "    . .venv/bin/activate && pip install -r requirements.txt\n"
            "and the same command again. (make demo makes the environment, too.)\n".format(
                sys.executable, " and no ".join(missing)
            )
        )
        sys.exit(2)
    options = getattr(import_module("common.options." + name), name.capitalize() + "Options")
    import_module("common.cli").answer(options, description)
