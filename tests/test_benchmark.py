import pytest
import torch
from torchvision import transforms

from _benchmark import steps
from _benchmark.subjects import blueprint, random_images
from common import models, records
from common.errors import UserError
from common.options.benchmark import MeasuredConfig, record_name, resolve
from scripts import benchmark


@pytest.mark.long
def test_train_leaves_a_record_whose_ratios_are_those_of_its_seconds(tmp_path, capsys):
    argv = ["train", "--width", "4", "--batch-size", "8", "--steps", "1", "--repeats", "3", "--threads", "1"]
    path = benchmark.main([*argv, "--results-dir", str(tmp_path)])
    record = records.read(path)
    assert record["config"] == {"what": "train", "width": 4, "batch_size": 8, "steps": 1, "repeats": 3}
    final = record["final"]
    seconds = final["seconds"]
    assert {len(turns) for turns in seconds.values()} == {3}
    pairs = sorted(a / b for a, b in zip(seconds["plain"], seconds["ours"], strict=True))
    assert final["ratio_plain"] == pairs[1]
    assert final["ours_images_per_second"] == 8 / sorted(seconds["ours"])[1]
    assert final["plain_workers"] in benchmark.WORKERS
    assert benchmark.main([*argv, "--results-dir", str(tmp_path)]) == path
    assert "is finished" in capsys.readouterr().out


@pytest.mark.long
def test_attacks_find_what_torchattack_finds_and_the_ratio_is_that_of_the_seconds(tmp_path):
    argv = ["attack", "--width", "4", "--batch-size", "6", "--steps", "2", "--repeats", "3", "--threads", "1"]
    final = records.read(benchmark.main([*argv, "--results-dir", str(tmp_path)]))["final"]
    counts, seconds = final["counts"], final["seconds"]
    assert len(counts["fgsm_ours"]) == 5 * 2
    assert counts["fgsm_ours"] == counts["fgsm_plain"]
    assert len(counts["pgd_ours"]) == len(counts["pgd_plain"]) == 1
    for attack in ("fgsm", "pgd"):
        pairs = sorted(a / b for a, b in zip(seconds[f"{attack}_plain"], seconds[f"{attack}_ours"], strict=True))
        assert final[f"ratio_{attack}"] == pairs[1]


def test_misses_are_those_of_the_plain_loop(tmp_path):
    argv = ["interpolate", "--width", "4", "--batch-size", "7", "--steps", "1", "--repeats", "1", "--threads", "1"]
    final = records.read(benchmark.main([*argv, "--results-dir", str(tmp_path)]))["final"]
    assert len(final["counts"]["ours"]) == 21
    assert final["counts"]["ours"] == final["counts"]["plain"]
    assert 0 < sum(final["counts"]["ours"]) < 21 * 7


@pytest.mark.long
def test_mixup_and_erm_are_timed_in_turns(tmp_path):
    argv = ["mixup", "--width", "4", "--batch-size", "8", "--steps", "1", "--repeats", "3", "--threads", "1"]
    final = records.read(benchmark.main([*argv, "--results-dir", str(tmp_path)]))["final"]
    assert {name: len(turns) for name, turns in final["seconds"].items()} == {"erm": 3, "mixup": 3}


def test_the_plain_loop_trains_the_same_network():
    """Otherwise the ratio would compare two things."""
    torch.manual_seed(0)
    measured = MeasuredConfig("train", width=4, batch_size=8, steps=1, repeats=1)
    before = models.build(blueprint(4), seed=0).get_submodule("network").state_dict()
    turn = steps.plain_loop(measured, 0)
    network = next(cell.cell_contents for cell in turn.__closure__ if isinstance(cell.cell_contents, torch.nn.Module))
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    turn()
    assert any(not torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_images_are_what_torchvision_would_give():
    part = random_images(4)
    images = steps.PILImages(part, transforms.ToTensor())
    assert torch.equal(images[2][0], part.inputs[2] / 255)
    assert images[3][1] == 3


def test_ranges_are_checked():
    with pytest.raises(UserError, match="--repeats 0"):
        benchmark.main(["train", "--repeats", "0"])
    with pytest.raises(UserError, match="--width 16: stream is timed without a network; leave it out"):
        benchmark.main(["stream", "--width", "16", "--steps", "8"])


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"what": "stream"}, "stream-b128-2threads"),
        ({"what": "stream", "steps": 8}, "stream-b128-steps8-2threads"),
        ({"what": "train", "width": 16}, "train-preactresnet18-w16-b128-2threads"),
        ({"what": "train", "width": 16, "steps": 1}, "train-preactresnet18-w16-b128-steps1-2threads"),
    ],
)
def test_how_many_steps_a_turn_has_is_in_the_name_where_they_are_not_the_usual(asked, name):
    measured = resolve(MeasuredConfig(**asked))
    assert record_name(measured, 2, "CPU x86_64") == name
    assert record_name(measured, 2, "NVIDIA GeForce RTX 4090 (48 GB)") == f"{name}-nvidia-geforce-rtx-4090-48-gb"


@pytest.mark.long
def test_the_large_path_is_timed_in_turns_with_the_loop_people_write(tmp_path):
    argv = ["stream", "--batch-size", "16", "--steps", "2", "--repeats", "3", "--threads", "1"]
    path = benchmark.main([*argv, "--results-dir", str(tmp_path)])
    assert path.stem == "benchmark-stream-b16-steps2-1threads"
    final = records.read(path)["final"]
    sides = {"ours", "plain", "decoding", "decoder"}
    assert {name: len(turns) for name, turns in final["seconds"].items()} == dict.fromkeys(sides, 3)
    for ratio, above, below in (("ratio_plain", "plain", "ours"), ("ratio_decoder", "decoder", "decoding")):
        pairs = sorted(a / b for a, b in zip(final["seconds"][above], final["seconds"][below], strict=True))
        assert final[ratio] == pairs[1]
    assert {name: len(quarters) for name, quarters in final["memory_bytes"].items()} == {"once": 2, "four_times": 4}
