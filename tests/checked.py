"""Types are checked at every call while tests run, by beartype; where tensors pass, their shapes too, by jaxtyping.
That takes many times as long, and a test that writes a study of records makes a hundred thousand calls."""

import re
from pathlib import Path

from beartype import BeartypeConf
from beartype.claw import beartype_packages
from jaxtyping import install_import_hook

ROOT = Path(__file__).resolve().parent.parent
NAMES_SHAPES = re.compile(r"^from (?:jaxtyping|common\.shapes) import ", re.M)


def with_shapes() -> list[str]:
    """The modules that name shapes in what they take and return."""
    files = [file for file in (ROOT / "common").rglob("*.py") if NAMES_SHAPES.search(file.read_text())]
    return [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]


def begin() -> None:
    """To be called before anything of ours is imported."""
    beartype_packages(("common", "_study"), conf=BeartypeConf(claw_is_pep526=False))
    install_import_hook(with_shapes(), "beartype.beartype")
