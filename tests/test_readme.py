"""README's lines and code, typed one after the other as a user would, in an empty folder."""

import dataclasses
import importlib
import re
import shlex
from pathlib import Path

import matplotlib
import pytest

from _study import file, members
from common import cli, records
from common import options as training
from common.options import TrainOptions

README = (records.ROOT / "README.md").read_text()
OF_RESULTS = (records.ROOT / "results" / "README.md").read_text()
OF_SCRIPTS = (records.ROOT / "scripts" / "README.md").read_text()
PROBED = ["digits-smallcnn-erm-seed3", "digits-smallcnn-mixup1.0-seed3"]


def blocks(kind, heading, of=README):
    """The blocks of code of a section."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", of, re.M | re.S)
    return re.findall(rf"^```{kind}\n(.*?)^```$", section, re.M | re.S)


def typed(heading, of=README):
    """Each line's words, without its comment."""
    return [
        words
        for block in blocks("sh", heading, of)
        for line in block.splitlines()
        if (words := shlex.split(line, True))
    ]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, where a run on digits is of two epochs: they are in its name only where they are asked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    usual = training.DEFAULTS["digits"]
    monkeypatch.setitem(training.DEFAULTS, "digits", dataclasses.replace(usual, epochs=2))
    return tmp_path


def start(words):
    python, script, *argv = words
    assert python == "python"
    path = Path(script)
    return importlib.import_module(f"{path.parent}.{path.stem}").main(argv)


def test_the_lines_and_the_code_one_after_the_other(folder):
    matplotlib.use("agg")
    lines = typed("Commands")
    probes = re.findall(r"^\| `scripts/\w+\.py` \| .* \| `(python .*)` \|$", README, re.M)
    lines += [shlex.split(line) for line in probes]
    scripts = []
    for words in lines:
        if words[:2] == ["accelerate", "launch"]:
            words = ["python", *words[2:]]
        scripts.append(Path(words[1]).stem)
        if "--help" in words:
            with pytest.raises(SystemExit) as ended:
                start(words)
            assert ended.value.code == 0
        elif scripts[-1] != "train":  # they find their runs, and would take minutes
            start([*words, "--plan"])
        elif "digits" in words:
            start(words)
        else:  # hours of CIFAR-10
            cli.parse(TrainOptions, "", words[2:])
    assert scripts.count("train") >= 7
    assert [name for name in scripts if name != "train"] == ["interpolate", "attack"] * 2 + [
        "boundary",
        "gan",
        "baseline",
    ]
    trained = [Path(f"results/digits/train-{name}.json") for name in PROBED]
    assert sorted(Path("results").rglob("*.json")) == sorted(trained)

    (code,) = blocks("python", "From Python", OF_RESULTS)
    frames = []
    said = {"print": frames.append}
    exec(compile(code, "results/README.md", "exec"), said)
    attacked, table = frames
    last = [records.read(path)["final"]["last_epoch"] for path in trained]
    assert Path("confusion.png").read_bytes().startswith(b"\x89PNG")
    assert int((said["predicted"] != said["y"]).sum()) == last[1]["errors"]
    assert list(table["run"]) == PROBED
    assert list(table["errors"]) == [one["errors"] for one in last]
    assert len(attacked) == 3 * 3 * 2
    for name, one in zip(("erm", "mixup"), last, strict=True):
        rows = attacked[attacked["target"] == name]
        assert set(rows["errors_clean"]) == {one["errors"]}
        assert set(rows["n"]) == {one["n"]}


def test_the_studies_that_are_named_are_there():
    lines = typed("A whole study") + typed("Studies", OF_SCRIPTS)
    named = [words[2] for words in lines if words[:2] == ["python", "scripts/study.py"]]
    assert len(named) >= 8
    for name in named:
        assert name == "./my.yaml" or file.place(name).is_file()


def test_what_the_records_hold_of_each_study():
    """All, none, or of so many commands those whose records are there."""
    told = r"Our records hold all of (.*?); in part, by commands, (.*?); and none of (.*?)\. "
    ((whole, parts, none),) = re.findall(told, " ".join(OF_SCRIPTS.split()))
    for path in (records.ROOT / "scripts" / "studies").glob("*.yaml"):
        if path.stem in ("demo", "imagenet-attack"):  # which has a folder of its own; which is named with imagenet
            continue
        found = members.read(path.stem, None).members
        there = sum(all((records.ROOT / "results" / one.path).is_file() for one in member.wanted) for member in found)
        place = whole if there == len(found) else parts if there else none
        count = f" {there:,} of {len(found):,}" if 0 < there < len(found) else ""
        assert f"`{path.stem}`{count}" in place, (path.stem, there, len(found))


def test_every_script_that_is_typed_takes_its_options():
    """In README and that of the scripts, GPU lines and clusters among them."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", README + OF_SCRIPTS, re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    trained = [
        shlex.split(line.split("scripts/train.py", 1)[1].rstrip("'\\"), True)
        for line in lines
        if "scripts/train.py" in line
    ]
    assert len(trained) > 10
    for words in trained:
        if "--help" not in words:
            cli.parse(TrainOptions, "", words)
