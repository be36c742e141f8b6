"""What is wrong with a study's file is said by its place."""

import pytest

from tests.study.asked import refused, run


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", "holds nothing to do"),
        ("# nothing\n", "holds nothing to do"),
        ("train: []\n", "holds nothing to do"),
        ("train: [", "not YAML"),
        ("\x00", "not YAML"),
        ("train:\n  seed: 0\ntrain:\n  seed: 1\n", "not YAML (train stands there twice, in line 3 again)"),
        ("train: {<<: wine, seed: 0}\n", "<< must name an entry, as *NAME does, in line 1"),
        ("train: {<<: *main}\n", "not YAML (found undefined alias"),
        ("- train\n", "parts named after the scripts"),
        ("trian:\n  seed: 0\n", "unknown script 'trian'; perhaps you meant train"),
        ("benchmark:\n", "unknown script 'benchmark'"),
        ("train:\n  epoch: 3\n", "unknown option 'epoch'; perhaps you meant epochs"),
        ("train:\n  plan: yes\n", "unknown option 'plan'"),
        ("train: {dataset: wine, epochs: many}\n", "epochs: 'many' is no value for --epochs"),
        ("train: {dataset: wine, seed: [0, x]}\n", "seed: 'x' is no value"),
        ("train: {dataset: wine, seed: []}\n", "seed: an empty list"),
        ("train: {dataset: wine, lr: -1}\n", "--lr -1"),
        ("train: {dataset: wine, alpha: 1}\n", "--alpha 1.0: means nothing without --mixup"),
        ("train: {dataset: wine, mixup: perhaps}\n", "mixup: 'perhaps' is neither true nor false"),
        ("train: {dataset: wine, seed: [0, 0]}\ninterpolate: {pairs: 0}\n", "--pairs 0"),
        ("train: {dataset: wine, results_dir: there}\n", "--results-dir"),
        ("train: wine\n", "'wine' is no option"),
        ("train:\n- {dataset: wine}\n- {dataset: wine, seed: 0}\n", "wine-mlp-erm-seed0 a second time"),
        ("train: {dataset: nowhere}\n", "--dataset nowhere"),
        ("interpolate:\n", "there is no run to measure"),
        ("train: {dataset: wine}\nattack: {runs: wine-mlp-erm-seed1}\n", "perhaps you meant wine-mlp-erm-seed0"),
        ("train: {dataset: [wine, iris]}\nattack:\n", "runs of different data sets (iris, wine)"),
        ("train: {dataset: wine}\nattack: {attacks: noise, sample: 3}\n", "--sample"),
        ("baseline: {dataset: digits}\n", "--dataset digits: is images"),
        ("baseline: {dataset: wine, methods: [mlp, mlp]}\n", "--methods mlp mlp"),
        ("baseline: {dataset: wine, epochs: 3}\n", "unknown option 'epochs'"),
        ("train: {dataset: nowhere.csv}\n", "nowhere.csv is not a file"),
        ("train: {dataset: wine, target: x}\n", "--target x"),
        ("boundary: {sets: [moons, moons]}\n", "--sets"),
    ],
)
def test_what_is_wrong_with_a_file(write, content, named):
    refused(content, write, named)


def test_an_unknown_option_by_the_shell(script, tmp_path):
    (tmp_path / "own.yaml").write_text("train:\n  dataset: wine\n  epoch: 3\n")
    done = run(script, "own.yaml", status=2)
    assert done.stderr == "own.yaml, train: unknown option 'epoch'; perhaps you meant epochs.\n"
