"""What a study's file stands for: its members, in order."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from _study import members
from common.errors import UserError
from tests.study.asked import SMALL, THREE, names, words


def test_lists_stand_for_a_run_each_and_pairs_come_seed_by_seed(write):
    content = f"train: {{{SMALL}, mixup: [no, yes], seed: [0, 1]}}"
    assert names(content, write) == [
        "digits-smallcnn-w8-3ep-erm-seed0",
        "digits-smallcnn-w8-3ep-mixup1.0-seed0",
        "digits-smallcnn-w8-3ep-erm-seed1",
        "digits-smallcnn-w8-3ep-mixup1.0-seed1",
    ]
    assert words(content, write)[1] == "--dataset digits --width 8 --epochs 3 --threads 1 --mixup --seed 0"
    assert "mixup" not in words(content, write)[0]


def test_a_pair_differs_in_lambda_alone(write):
    """What ERM and mixup of one seed share: `test_plan.py` shows that the plan then does so too."""
    found = members.read(write(f"train: {{{SMALL}, mixup: [no, yes], seed: 4}}"), None).members
    erm, mixup = (member.wanted[0].config for member in found)
    assert {name for name in erm if erm[name] != mixup[name]} == {"mixup", "alpha", "lam_per"}


def test_what_means_nothing_without_mixup_is_left_out_of_erm(write):
    content = "train: {dataset: wine, mixup: [no, yes], alpha: [0.2, 1.0], lam_per: row, warmup_epochs: 3}"
    assert names(content, write) == [
        "wine-mlp-erm-seed0",
        "wine-mlp-mixup0.2-perrow-warm3-seed0",
        "wine-mlp-mixup1.0-perrow-warm3-seed0",
    ]


def test_rows_can_be_drawn_anew_for_each_seed(write):
    content = "train: {dataset: wine, subset: 50, mixup: [no, yes], seed: [0, 3], data-seed: seed}"
    assert names(content, write) == [
        "wine-50-mlp-erm-seed0",
        "wine-50-mlp-mixup1.0-seed0",
        "wine-50-rows3-mlp-erm-seed3",
        "wine-50-rows3-mlp-mixup1.0-seed3",
    ]


def test_a_group_takes_over_what_another_says_but_for_what_it_says_itself(write):
    content = (
        "train:\n- &main {dataset: wine, epochs: 3, mixup: [no, yes]}\n"
        "- {<<: *main, epochs: 5}\n- {seed: 4, mixup: no, <<: *main}"
    )
    assert names(content, write) == [
        "wine-mlp-3ep-erm-seed0",
        "wine-mlp-3ep-mixup1.0-seed0",
        "wine-mlp-5ep-erm-seed0",
        "wine-mlp-5ep-mixup1.0-seed0",
        "wine-mlp-3ep-erm-seed4",
    ]


def test_what_an_option_takes_several_of_is_no_list_of_runs(write):
    content = "train: {dataset: wine, lr-drops: [0.3, 0.6]}\nboundary: {seeds: [0, 1], sets: [moons, circles]}"
    assert words(content, write) == ["--dataset wine --lr-drops 0.3 0.6", "--seeds 0 1 --sets moons circles"]


def test_probes_and_attacks_are_of_all_runs_or_of_those_named(write):
    content = THREE + "interpolate:\nattack:\n- runs: [digits-smallcnn-w8-3ep-erm-seed1]\n- rows: 9\nboundary:\n"
    found = members.read(write(content), None).members
    assert [member.name for member in found[3:]] == [
        "interpolate-digits-smallcnn-w8-3ep-erm-seed0",
        "interpolate-digits-smallcnn-w8-3ep-erm-seed1",
        "interpolate-digits-smallcnn-w8-3ep-mixup1.0-seed0",
        "attack-digits-1x1",
        "attack-digits-3x3-rows9",
        "boundary-circles-paper+moons",
    ]
    assert [len(member.wanted) for member in found] == [1, 1, 1, 1, 1, 1, 1, 9, 2]
    assert found[7].needs == tuple(member.name for member in found[:3])
    assert found[8].needs == ()


def test_matrices_of_as_many_models_have_names_of_their_own(write):
    content = THREE + "attack:\n- runs: digits-smallcnn-w8-3ep-erm-seed0\n- runs: digits-smallcnn-w8-3ep-erm-seed1\n"
    assert names(content, write)[3:] == ["attack-digits-1x1", "attack-digits-1x1-2"]


def test_blocks_of_attacks_may_share_a_model(write):
    """Each asks for what it lacks; the same block twice is refused."""
    runs = (("erm", 0), ("erm", 1), ("mixup1.0", 0))
    names = [f"digits-smallcnn-w8-3ep-{method}-seed{seed}" for method, seed in runs]
    blocks = [f"- runs: [{', '.join(block)}]\n" for block in (names[:2], names[:1] + names[2:])]
    found = members.read(write(THREE + "attack:\n" + "".join(blocks)), None).members
    assert [len(one.wanted) for one in found if one.script == "attack"] == [4, 4]
    with pytest.raises(UserError, match="a second time; leave it out once"):
        members.read(write(THREE + "attack:\n" + blocks[0] * 2), None)


def test_a_set_of_images_of_the_users_own_is_looked_at(write, tmp_path):
    from PIL import Image

    for part in ("train", "test"):
        for label in ("a", "b"):
            (tmp_path / "own" / part / label).mkdir(parents=True)
            Image.new("L", (8, 8)).save(tmp_path / "own" / part / label / "0.png")
    assert names("train: {dataset: ./own}", write) == ["own-smallcnn-erm-seed0"]


def test_sounds_are_known_unread(write, tmp_path):
    for part in ("train", "test"):
        (tmp_path / "own").mkdir(exist_ok=True)
        pq.write_table(pa.table({"audio": [b"unread"], "label": [0]}), tmp_path / "own" / f"{part}.parquet")
    for dataset, name in (("./own", "own"), ("spoken_digits", "spoken_digits")):
        assert names(f"train: {{dataset: {dataset}, mixup: yes}}", write) == [f"{name}-lenet-mixup1.0-seed0"]
