import pytest
import torch

from common import records
from common.errors import UserError
from common.options.benchmark import MeasuredOptions
from scripts import benchmark


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
    assert "Measured already" in capsys.readouterr().out


def test_the_plain_loop_trains_the_same_network():
    """Otherwise the ratio would compare two things."""
    torch.manual_seed(0)
    measured = MeasuredOptions("train", width=4, batch_size=8)
    before = benchmark.models.build(benchmark._blueprint(4), seed=0).get_submodule("network").state_dict()
    turn = benchmark.plain_loop(measured, 1, 0)
    network = next(cell.cell_contents for cell in turn.__closure__ if isinstance(cell.cell_contents, torch.nn.Module))
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    turn()
    assert any(not torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_images_are_what_torchvision_would_give():
    part = benchmark._images(4)
    images = benchmark.PILImages(part, benchmark.transforms.ToTensor())
    assert torch.equal(images[2][0], part.inputs[2] / 255)
    assert images[3][1] == 3


def test_ranges_are_checked():
    with pytest.raises(UserError, match="--repeats 0"):
        benchmark.main(["train", "--repeats", "0"])
