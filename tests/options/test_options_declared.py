"""All that is known of an option follows from its line."""

import ast
import dataclasses
from pathlib import Path
from typing import Annotated, Literal

import pytest

from common.errors import UserError
from common.options import TrainOptions, check, train
from common.options.fields import OPEN, Fact, Open, described, earlier, own, pieces, schema, words
from common.options.train import OF_ROWS

ROOT = Path(__file__).resolve().parents[2]


def options_declared():
    return {f.name for group in dataclasses.fields(TrainOptions) for f in dataclasses.fields(group.type)}


def test_every_option_is_read():
    read = set()
    for file in (*ROOT.glob("scripts/*.py"), *ROOT.glob("common/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                read.add(node.attr)
    declared = options_declared()
    assert len(declared) > 20
    read |= set(OF_ROWS)  # by these names
    assert declared <= read, declared - read


def test_every_option_has_a_help_of_one_or_two_lines():
    tree = ast.parse(Path(train.__file__).read_text())
    tree.body += ast.parse((ROOT / "common" / "options" / "machine.py").read_text()).body
    seen = set()
    for group in (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name != "TrainConfig"):
        for field, text in zip(group.body, group.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and group.name not in ("TrainOptions", "Defaults"):
                assert isinstance(text, ast.Expr), f"{group.name}.{field.target.id} has no help"
                assert len(text.value.value.splitlines()) <= 2, field.target.id
                seen.add(field.target.id)
    assert seen == options_declared()


@dataclasses.dataclass(frozen=True)
class Config:
    """One line for each kind of option that there is."""

    size: Annotated[Open[int], own("N", "8"), Fact("[1, 9]", "s{}")] = OPEN
    share: Annotated[float | None, Fact("(0, 1)", "share{}", since=None)] = None
    kind: Annotated[Literal["a", "b"], Fact(piece=lambda it: it.upper())] = "a"
    steps: Annotated[tuple[float, ...], Fact("[0, 1e6]", "steps{}", since=())] = ()
    on: bool = False


def test_all_that_is_known_of_an_option_follows_from_its_line():
    usual = Config(size=8)
    config = Config(size=9, share=0.5, kind="b", steps=(1.0, 2.5), on=True)
    assert [option.may_be_none for option in described(Config).values()] == [False, True, False, False, False]
    assert list(pieces(config, usual).values()) == ["s9", "share0.5", "B", "steps1.0+2.5"]
    assert pieces(usual, config)["steps"] == "stepsnone"
    assert pieces(usual, usual) == {}
    assert words(config, usual) == ["--size", "9", "--share", "0.5", "--kind", "b", "--steps", "1.0", "2.5", "--on"]
    assert earlier(Config) == {"share": None, "steps": ()}
    found = schema(Config)
    assert found["required"] == ["size", "kind", "on"]
    assert found["properties"] == {
        "size": {"type": "integer", "minimum": 1, "maximum": 9},
        "share": {"anyOf": [{"type": "null"}, {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}]},
        "kind": {"enum": ["a", "b"]},
        "steps": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1e6}},
        "on": {"type": "boolean"},
    }


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (Config(size=0), r"--size 0: must lie in \[1, 9\]"),
        (Config(size=10), "--size 10"),
        (Config(share=0.0), "--share 0"),
        (Config(share=1.0), "--share 1"),
        (Config(share=float("nan")), "--share nan"),
        (Config(steps=(1.0, -2.0)), "--steps -2"),
    ],
)
def test_a_number_out_of_the_range_of_its_line_is_refused(config, said):
    with pytest.raises(UserError, match=said):
        check(config)
    check(Config())
