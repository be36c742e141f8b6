import io
import itertools
import json
import re
import sys

import pytest
from refusal import refused

from common import cli, hints
from common.cli import ending, reading
from common.data.sets import SETS
from common.errors import DivergedError, UserError
from common.options import TrainConfig, TrainOptions
from common.options.attack import AttackOptions
from common.options.baseline import BaselineOptions
from common.options.boundary import BoundaryOptions
from common.options.fields import as_json
from common.options.gan import GanOptions
from common.options.interpolate import InterpolateOptions
from common.options.networks import NETWORKS
from common.options.study import StudyOptions
from common.terminal import speak_plainly, visible
from scripts import train


def parse(*argv):
    return cli.parse(TrainOptions, "", [str(word) for word in argv])


def test_command_line_before_file_before_default(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("lr: 1e-4\nmixup: yes\nlr-drops: [0.1, 0.3]\nalpha: 0.2\nsubset: 500\naugment: none\nepochs: ~\n")
    options = parse("--config", file, "--lr", "0.3", "--subset", "7")
    assert (options.training.lr, options.data.subset) == (0.3, 7)
    assert (options.mixing.mixup, options.mixing.alpha) == (True, 0.2)
    assert options.training.lr_drops == (0.1, 0.3)
    assert options.training.augment == "none"  # not None, which YAML and Python would make of it
    assert (options.training.epochs, options.training.seed) == (None, 0)
    assert parse("--config", file).training.lr == 1e-4  # which PyYAML reads as text


def test_a_value_equal_to_the_default_wins_over_the_file(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("batch_size: 64\nmixup: true\n")
    options = parse("--config", file, "--batch-size", "128", "--no-mixup")
    assert (options.training.batch_size, options.mixing.mixup) == (128, False)


def test_without_mixup_nothing_that_a_file_says_of_it_is_left(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("mixup: yes\nalpha: 0.4\nlam-per: row\nwarmup_epochs: 3\nepochs: 9\n")
    options = parse("--config", file, "--no-mixup")
    assert (options.mixing.mixup, options.mixing.alpha, options.mixing.lam_per) == (False, None, None)
    assert options.training.epochs == 9
    with pytest.raises(UserError, match=r"--alpha 0\.2: means nothing without --mixup"):
        parse("--config", file, "--no-mixup", "--alpha", "0.2")


def test_a_record_of_erm_says_nothing_of_mixup_and_its_width_is_its_networks(tmp_path):
    """Its warm-up of no epochs, say, which is what mixup on sounds does not do; and the 64 of another network."""
    file = tmp_path / "record.json"
    record = as_json(TrainConfig(dataset="spoken_digits", model="lenet", width=20, epochs=30, warmup_epochs=0))
    file.write_text(json.dumps({"schema": 1, "kind": "train", "config": record}))
    mixed = parse("--config", file, "--mixup")
    assert (mixed.training.epochs, mixed.mixing.mixup, mixed.mixing.warmup_epochs) == (30, True, None)
    assert parse("--config", file).mixing.warmup_epochs == 0
    assert parse("--config", file, "--mixup", "--warmup-epochs", "2").mixing.warmup_epochs == 2
    for words, width in (
        (["--model", "vgg11"], None),
        (["--model", "lenet"], 20),
        (["--model=vgg11", "--width", "8"], 8),
    ):
        assert parse("--config", file, *words).model.width == width
    own = tmp_path / "run.yaml"
    own.write_text("model: lenet\nwidth: 20\nwarmup_epochs: 0\n")  # said by the user, and so meant
    asked = parse("--config", own, "--mixup", "--model", "vgg11")
    assert (asked.model.width, asked.mixing.warmup_epochs) == (20, 0)


@pytest.mark.parametrize(("word", "value"), [("no", False), ("off", False), ("false", False), ("on", True)])
def test_flags_in_words(tmp_path, word, value):
    file = tmp_path / "run.yaml"
    file.write_text(f"mixup: {word}\n")
    assert parse("--config", file).mixing.mixup is value


def test_a_record_gives_its_configuration(tmp_path):
    file = tmp_path / "record.json"
    config = {"dataset": "digits", "mixup": True, "alpha": 0.4, "lam_per": "row", "lr_drops": [], "subset": None}
    file.write_text(json.dumps({"schema": 1, "kind": "train", "config": config}))
    options = parse("--config", file)
    assert (options.data.dataset, options.mixing.alpha, options.mixing.lam_per) == ("digits", 0.4, "row")
    assert (options.training.lr_drops, options.data.subset) == ((), None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("lrs: 1\n", "unknown option 'lrs'; perhaps you meant lr"),
        ("rate: 1\n", "unknown option 'rate'"),
        ("plan: true\n", "unknown option 'plan'"),
        ("lr: fast\n", "lr: 'fast' is no value for --lr"),
        ("epochs: 1.5\n", "epochs: '1.5' is no value"),
        ("lam_per: image\n", "lam_per: 'image'"),
        ("mixup: 3\n", "mixup: '3' is neither true nor false"),
        ("lr: [0.1, 0.2]\n", "lr: '0.1 0.2' is no value"),
        ("lr: {a: 1}\n", "lr: takes a value"),
        ("- lr\n", "must hold lines such as"),
        ("lr: [\n", "neither YAML nor a record"),
        ("\x00", "neither YAML nor a record"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_key(tmp_path, content, message):
    file = tmp_path / "run.yaml"
    file.write_text(content)
    with pytest.raises(UserError) as caught:
        parse("--config", file)
    assert message in str(caught.value)
    assert str(file) in str(caught.value)


def test_no_file_and_no_train_record(tmp_path):
    with pytest.raises(UserError, match=r"missing[.]yaml: No such file"):
        parse("--config", tmp_path / "missing.yaml")
    record = tmp_path / "attack.json"
    record.write_text('{"schema": 1, "kind": "attack", "config": {}}')
    with pytest.raises(UserError, match="only a train record"):
        parse("--config", record)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--learning-rate 0.1", ["--learning-rate", "is called --lr here"]),
        ("--learning_rate=0.1", ["--learning_rate", "is called --lr here"]),
        ("--wd 1", ["--wd", "--weight-decay"]),
        ("--bs 8", ["--bs", "--batch-size"]),
        ("-b 8", ["-b:", "--batch-size"]),
        ("--n-epochs 3", ["--n-epochs", "--epochs"]),
        ("--seeds 0 1 2", ["--seeds", "--seed "]),
        ("-schedule triangle", ["-schedule", "--schedule"]),
        ("-drop Id", ["-drop", "--drop"]),
        ("--resume", ["--resume", "goes on by itself"]),
        ("--fp16", ["--fp16", "accelerate launch --mixed_precision"]),
        ("--mixp", ["--mixp", "perhaps you meant --mixup"]),
        ("--xyzzy", ["--xyzzy", "There are: --dataset"]),
        ("--lr", ["--lr: needs a value"]),
        ("--lr x", ["--lr x: takes a number"]),
        ("--lr 0,1", ["--lr 0,1", "0.1"]),
        ("--lr 1/10", ["--lr 1/10", "write 0.1"]),
        ("--lr 0.1 0.2", ["--lr 0.1 0.2: takes one value"]),
        ("--lr-drops 0.5,0.75", ["--lr-drops 0.5 0.75"]),
        ("--epochs 1e3", ["--epochs 1e3", "write 1000"]),
        ("--epochs 1.5", ["--epochs 1.5", "whole number"]),
        ("--subset all", ["--subset all", "leave it out"]),
        ("--mixup True", ["--mixup True", "--no-mixup"]),
        ("--model vgg", ["--model vgg", "perhaps you meant vgg11"]),
        ("--model PreAct-ResNet-18", ["--model PreAct-ResNet-18", "preactresnet18"]),
        ("--optimizer Adam", ["--optimizer Adam", "perhaps you meant adam"]),
        ("--weight-decay none", ["--weight-decay none", "leave it out"]),
    ],
)
def test_what_is_typed_as_elsewhere_is_answered_by_what_it_is_here(line, said, capsys):
    refused(lambda: parse(*line.split()), *said)
    assert capsys.readouterr() == ("", "")  # the sentence is all there is


def test_every_hint_names_an_option_that_a_script_has():
    ours = {name for names in hints.ELSEWHERE.values() for name in names}
    every = [
        TrainOptions,
        AttackOptions,
        InterpolateOptions,
        BoundaryOptions,
        BaselineOptions,
        GanOptions,
        StudyOptions,
    ]
    there = [{name.replace("_", "-") for name in reading._types(options)} for options in every]
    assert ours <= set().union(*there)
    for table in (hints.ELSEWHERE, hints.NEEDLESS):  # a word in both: the first where a script has that option
        theirs = [name for names in table for name in names.split()]
        assert len(theirs) == len(set(theirs))
        assert not set(theirs) & set.intersection(*there)


@pytest.mark.parametrize("columns", [50, 80, 133])
def test_the_help_keeps_within_the_terminal(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    with pytest.raises(SystemExit) as caught:
        cli.parse(TrainOptions, train.__doc__, ["--help"])
    assert caught.value.code in (0, None)
    out = capsys.readouterr().out
    assert "--weight-decay" in out
    assert not re.search(r"[{,|]None|None[},|]", out)
    assert max(map(len, out.splitlines())) <= columns
    assert not {*SETS, *NETWORKS} - {*re.findall(r"\w+", out)}
    # A paragraph is broken at the edge alone: its next word would not have fitted.
    words = " ".join(train.__doc__.split("\n\n")[-1].split())
    shown = out[out.index("Leaves results/") :].split("\n\n")[0].splitlines()
    assert " ".join(shown) == words
    assert all(len(a) + 1 + len(b.split()[0]) > columns for a, b in itertools.pairwise(shown))


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_a_terminal_gets_characters_that_it_has(encoding, monkeypatch):
    said = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", said)
    speak_plainly()
    print("α = 1, λ: 3 ± 1 −2 × … é ╭─╮ 犬")
    said.seek(0)
    got = said.read()
    if encoding == "ascii":
        assert got == "alpha = 1, lambda: 3 +- 1 -2 x ... e? +-+ ?\n"
    assert got.startswith("α" if encoding == "utf-8" else "alpha")
    assert ("é" in got) is (encoding != "ascii")


@pytest.mark.parametrize(
    ("error", "status"), [(UserError("Mend it."), 2), (DivergedError("Mend it."), 3), (KeyboardInterrupt(), 130)]
)
def test_what_a_user_can_cause_becomes_one_sentence(error, status, capsys):
    def main():
        raise error

    assert cli.run(main) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err


def test_what_is_our_mistake_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        cli.run(lambda: 1 / 0)


def test_a_process_that_does_not_speak_waits_then_says_who_it_is(monkeypatch, capsys):
    def main():
        raise UserError("Only here.")

    waited = []
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setattr(ending.time, "sleep", waited.append)
    assert cli.run(main) == 2
    assert waited == [ending.WAIT_FOR_SPEAKER]
    assert capsys.readouterr().err == "[process 3] Only here.\n"


@pytest.mark.parametrize("word", ["a\nb", "a\rb", "a\x1b]0;t\x07", "a\0", "a\x85", "a\u2028b", "\udce9"])
def test_what_cannot_be_seen_is_refused_on_the_command_line_and_in_files(tmp_path, word):
    """A value with a line feed would make two commands of one that is printed."""
    seen = visible(word)
    refused(lambda: cli.parse(TrainOptions, "", ["--dataset", word]), f"'{seen}'", "take it out")
    said = refused(
        lambda: cli.from_mapping(TrainOptions, "own.yaml", {"dataset": word}), "own.yaml: dataset: ", f"'{seen}'"
    )
    assert visible(said) == said
