"""scikit-learn's classifiers on the rows of our runs."""

import os

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from common import records
from common.chance import rng
from common.data.load import load
from common.data.selection import draw_test, select
from common.data.sources import Reading, find, remember
from common.errors import UserError
from common.options.baseline import METHODS
from scripts import baseline, train
from tests.refusal import refused
from tests.tables.rows import plain_rows, write

IRIS = ["--dataset", "iris", "--test-share", "0.2", "--data-seed", "2", "--threads", "1"]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.filterwarnings("ignore:lbfgs failed")
def test_the_records_are_what_scikit_learn_says_of_the_same_rows():
    paths = baseline.main([*IRIS, "--methods", "logistic_regression", "gradient_boosting"])
    found = [records.read(path) for path in paths]
    bunch = load_iris()
    inputs, labels = bunch.data.astype(np.float32).astype(np.float64), bunch.target
    for_test = draw_test(labels, 3, 0.2, rng("test part", 2), "iris")
    scaled = (inputs - inputs[~for_test].mean(axis=0)) / inputs[~for_test].std(axis=0)
    theirs = [
        (LogisticRegression(max_iter=1000), scaled),
        (HistGradientBoostingClassifier(l2_regularization=1, early_stopping=False, random_state=0), inputs),
    ]
    for record, (classifier, features) in zip(found, theirs, strict=True):
        wrong = classifier.fit(features[~for_test], labels[~for_test]).predict(features) != labels
        by_class = [int(wrong[for_test][labels[for_test] == label].sum()) for label in range(3)]
        assert record["final"] == {
            "n": 30,
            "errors": int(wrong[for_test].sum()),
            "by_class": {"errors": by_class, "n": [10, 10, 10]},
            "clean_train": {"n": 120, "errors": int(wrong[~for_test].sum())},
        }
    assert [record["run"] for record in found] == [
        "iris-rows2-test0.2-logistic_regression-seed0",
        "iris-rows2-test0.2-gradient_boosting-seed0",
    ]


@pytest.mark.skipif("MIXUP_DATA_DIR" not in os.environ, reason="MIXUP_DATA_DIR is not set: no Abalone")
def test_boosting_does_not_diverge_on_classes_of_a_row_or_two():
    """Without a penalty it ends at 84 % errors on the rows it is fitted on; a tree a class is enough to beat that."""
    whole = load(find("abalone", None), Reading(target="label", test_share=0.2, data_seed=1000))
    train_part = select(whole, None, None, 1000).train
    classifier = baseline.build("gradient_boosting", 0)
    baseline.fit(classifier, train_part)
    assert baseline.wrong(classifier, train_part).mean() < 0.3  # 0.04 when this was written


def test_a_run_of_ours_sees_the_same_rows():
    (path,) = baseline.main([*IRIS, "--methods", "gradient_boosting", "--seed", "3"])
    theirs = records.read(path)
    ours = records.read(train.main([*IRIS, "--epochs", "1", "--width", "4", "--seed", "3"]))
    assert theirs["data"] == ours["data"]
    shared = set(theirs["config"]) - {"method"}
    assert {name: theirs["config"][name] for name in shared} == {name: ours["config"][name] for name in shared}
    assert theirs["config"]["method"] == "gradient_boosting"
    assert theirs["final"]["n"] == ours["final"]["last_epoch"]["n"]
    assert theirs["final"]["by_class"]["n"] == ours["final"]["last_epoch"]["by_class"]["n"]


def test_what_is_finished_is_not_fitted_again(capsys, monkeypatch):
    asked = [*IRIS, "--methods", "logistic_regression"]
    (path,) = baseline.main(asked)
    before = path.read_bytes()
    capsys.readouterr()
    monkeypatch.setattr(baseline, "measure", lambda *_: pytest.fail("fitted again"))
    assert baseline.main(asked) == [path]
    assert f"is finished: {path}. To make it again, add --overwrite." in capsys.readouterr().out
    assert path.read_bytes() == before
    record = records.read(path)
    record["config"] |= {"holdout": 9}
    path.write_text(records._text(record))
    with pytest.raises(UserError, match="by its configuration iris-holdout9-rows2"):
        baseline.main(asked)


def test_the_plan_fits_nothing(capsys, tmp_path):
    assert baseline.main([*IRIS, "--plan"]) is None
    said = capsys.readouterr().out
    assert "120 training and 30 test rows of 4 in 3 classes" in said
    assert said.splitlines()[-1].startswith("about ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("method", METHODS)
def test_every_method_learns_and_is_the_same_by_the_same_seed(method):
    data = select(load(find("wine", None)), None, None, 0)
    wrong = []
    for _ in range(2):
        classifier = baseline.build(method, 1, 20)
        baseline.fit(classifier, data.train)
        wrong.append(baseline.wrong(classifier, data.test))
    assert (wrong[0] == wrong[1]).all()
    assert wrong[0].mean() < 0.2


def test_rounds_that_were_too_few_are_said():
    data = select(load(find("wine", None)), None, None, 0)
    assert not baseline.fit(baseline.build("mlp", 0, 1), data.train)
    assert baseline.fit(baseline.build("logistic_regression", 0), data.train)


def test_classes_of_one_row_and_more_features_than_rows(tmp_path):
    header = ",".join([*(f"f{number}" for number in range(12)), "label"])
    rows = [
        ",".join([*map(str, range(number, number + 12)), "abc"[min(number % 3, number % 5)]]) for number in range(8)
    ]
    (tmp_path / "own.csv").write_text("\n".join([header, *rows, rows[0][:-1] + "z"]))
    paths = baseline.main(["--dataset", "own.csv", "--test-share", "0.4", "--threads", "1"])
    for path in paths:
        assert sum(records.read(path)["final"]["by_class"]["n"]) == records.read(path)["final"]["n"]
    assert len(paths) == 3


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["--dataset", "digits"], "--dataset digits: is images"),
        (["--dataset", "iris", "--methods", "mlp", "mlp"], "--methods mlp mlp: needs one value at least, each once."),
        (["--dataset", "iris", "--seed", "-1"], "--seed -1"),
        (["--dataset", "iris", "--test-share", "1"], "--test-share 1"),
        (["--dataset", "iris", "--target", "x"], "--target x"),
        (["--dataset", "nowhere"], "--dataset nowhere"),
        (["--dataset", "iris", "--threads", "0"], "--threads 0"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(argv, named):
    with pytest.raises(UserError, match=named.replace("(", r"\(")):
        baseline.main(argv)


def test_by_the_shell(script):
    done = script("baseline.py", "--dataset", "digits")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "name a table, such as iris." in done.stderr


def test_a_set_is_found_by_the_link_that_a_training_left_in_its_own_folder(tmp_path):
    """`study.py --checkpoint-dir w` finds it there, and starts this script with the same."""
    (tmp_path / "elsewhere").mkdir()
    mine = write(tmp_path / "elsewhere" / "mine.csv", plain_rows(40))
    remember(find(str(mine), None), tmp_path / "w" / "data")
    options = ["--dataset", "mine", "--target", "label", "--methods", "logistic_regression", "--test-share", "0.25"]
    (path,) = baseline.main([*options, "--checkpoint-dir", "w"])
    assert records.read(path)["data"]["name"] == "mine"
    refused(lambda: baseline.main(options), "--dataset mine")
