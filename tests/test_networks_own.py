"""Networks that are not of this project: a class in a file of the user's, torchvision's and timm's, given weights."""

import json
import pickle
import re
import sys
from pathlib import Path

import pytest
import torch

from _train import keeping
from analysis.collect import collect
from analysis.judging import judged
from analysis.questions import CLAIMS, settings
from common import costs, models, records
from common.errors import UserError
from common.models import Blueprint, others
from common.options import networks
from scripts import attack, interpolate, train

NET = """
import sys
from pathlib import Path
from torch import nn

Path("was-run").touch()


class Net(nn.Module):
    def __init__(self, num_classes, in_channels):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(in_channels, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, num_classes))

    def forward(self, x):
        return self.layers(x)


class Asks(Net):
    def forward(self, x):
        return super().forward(x * (1 if x.mean().item() > 0 else 2))


class Seven(Net):
    def __init__(self):
        super().__init__(7, 4)


class Two(Net):
    def forward(self, x):
        return super().forward(x), x


class Breaks(Net):
    def forward(self, x):
        raise ValueError("no such layer")


class Cannot(Net):
    def __init__(self):
        raise RuntimeError("cannot be made")


class Leaves(Net):
    def forward(self, x):
        sys.exit(3)


class NoModule:
    pass


class Lazy(nn.Sequential):
    def __init__(self, num_classes):
        super().__init__(nn.LazyLinear(8), nn.LazyBatchNorm1d(affine=False), nn.Linear(8, num_classes))


class Sized(nn.Sequential):
    def __init__(self, num_classes, in_channels, image_size):
        height, width = image_size if isinstance(image_size, tuple) else (image_size, image_size)
        super().__init__(nn.Flatten(), nn.Linear(in_channels * height * width, num_classes))
"""
IRIS = ["--dataset", "iris", "--threads", "1"]
PROBE = ["--pairs", "20", "--points", "2", "--threads", "1"]


@pytest.fixture(autouse=True)
def _in_a_folder_with_a_file_of_networks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own").mkdir()
    Path("own/net.py").write_text(NET)
    others._class.cache_clear()  # which is by path, and that is relative here
    models.countable_on.cache_clear()


def trained(name="Net", *more):
    return records.read(train.main([*IRIS, "--model", f"own/net.py:{name}", "--epochs", "1", *more]))


def digest():
    return networks.digest(Path("own/net.py"), "--model")


def test_a_class_of_a_file_is_trained_probed_and_attacked():
    record = trained("Net", "--mixup")
    run = record["run"]
    assert run == f"iris-Net+{digest()}-1ep-mixup1.0-seed0"
    assert record["config"]["model"] == f"Net@{digest()}"
    assert record["cost"]["parameters"] == 4 * 8 + 8 + 8 * 3 + 3
    (path,) = interpolate.main([run, "--model", "own/net.py:Net", *PROBE])
    assert records.read(path)["final"]["between"]
    (path,) = attack.main([run, "--model", "own/net.py:Net", "--attacks", "fgsm", "--threads", "1"])
    assert records.read(path)["final"]["clean"]["target"]["errors"] == record["final"]["last_epoch"]["errors"]
    Path("own/net.py").unlink()  # a record is one without it
    assert records.read(Path("results/iris") / f"train-{run}.json") == record


def test_a_class_that_asks_for_values_is_counted_on_the_cpu():
    record, plain = trained("Asks"), trained("Net")
    assert record["cost"]["training_flops"] == plain["cost"]["training_flops"]
    assert record["weights"] != plain["weights"]  # its name and digest stand in the header


def test_lazy_layers_find_their_size_and_begin_by_the_seed():
    record = trained("Lazy", "--mixup")
    assert record["cost"]["parameters"] == 4 * 8 + 8 + 8 * 3 + 3
    made = [models.build(blueprint("Lazy", (4,)), seed) for seed in (1, 1, 2)]
    first, again, other = (list(one.parameters()) for one in made)
    assert all(map(torch.equal, first, again))
    assert not any(map(torch.equal, first, other))
    assert made[0].training
    assert made[0].network[1].running_var.eq(1).all()
    assert not made[0].network[1].num_batches_tracked


@pytest.mark.parametrize("sides", [(8, 8), (8, 6)])
def test_a_class_is_told_how_large_images_are(sides):
    made = models.build(blueprint("Sized", (3, *sides)), 0)
    assert made(torch.rand(2, 3, *sides)).shape == (2, 3)


def test_a_training_of_it_goes_on_to_the_bit(stopped, monkeypatch):
    monkeypatch.setattr(keeping, "SELDOM", 0)
    monkeypatch.setattr(keeping, "LONG", 0)
    whole = trained("Net", "--results-dir", "whole", "--checkpoint-dir", "whole")
    stopped(3, lambda: trained("Net"))
    assert trained("Net")["weights"] == whole["weights"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Seven", r"classes it gives \(2, 7\) and not logits of shape \(2, 3\)"),
        ("Two", "it gives a tuple"),
        ("Breaks", r"with two rows of 4 it raised ValueError: no such layer \(net.py, line 35\)"),
        ("Cannot", r"raised RuntimeError: cannot be made \(net.py, line 40\)"),
        ("Leaves", r"raised SystemExit: 3"),
        ("NoModule", "makes a NoModule, and no torch.nn.Module"),
        ("Nett", "has no class of this name; it has Net, Asks, Seven"),
    ],
)
def test_a_class_that_will_not_do_is_refused_before_anything_is_written(name, said):
    with pytest.raises(UserError, match=said):
        trained(name)
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("content", "said"), [("def", "raised SyntaxError"), ("import nowhere", r"raised ModuleNotFoundError: .*line 1\)")]
)
def test_a_file_that_will_not_do_is_refused(content, said):
    Path("own/net.py").write_text(content)
    with pytest.raises(UserError, match=said):
        trained()


def test_a_file_that_is_not_there_is_named():
    for path in ("nowhere.py:Net", "own/gone/net.py:Net", "own.py:Net"):
        with pytest.raises(UserError, match=f"--model: {path.partition(':')[0]}: No such file"):
            train.main([*IRIS, "--model", path])
    run = trained()["run"]
    with pytest.raises(UserError, match="No such file"):
        interpolate.main([run, "--model", "nowhere.py:Net", *PROBE])


def test_code_is_run_where_its_file_is_named_alone():
    record = trained()
    path, run = f"results/iris/train-{record['run']}.json", record["run"]
    Path("was-run").unlink()
    others._class.cache_clear()
    for measure in (interpolate, attack):
        with pytest.raises(UserError, match=r"run only where its file is named: add --model FILE.py:Net"):
            measure.main([run, "--threads", "1"])
    with pytest.raises(UserError, match=r"run only where its file is named: --model FILE.py:Net"):
        train.main(["--config", path, "--threads", "1"])
    forged = json.loads(Path(path).read_text())
    forged["config"]["model"] = "own/net.py:Net"
    Path("forged.json").write_text(json.dumps(forged))
    with pytest.raises(UserError, match="a record names no file"):
        train.main(["--config", "forged.json", "--threads", "1"])
    header = Blueprint("own/net.py:Net", 1, ("a", "b"), (4,), (0.0,) * 4, (1.0,) * 4).to_json()
    with pytest.raises(UserError, match="is not one of"):
        Blueprint.from_json(header)
    assert not Path("was-run").exists()
    train.main(["--config", path, "--model", "own/net.py:Net", "--threads", "1"])  # which is finished
    assert Path("was-run").exists()


def test_another_file_since_the_training_is_refused():
    run = trained()["run"]
    with Path("own/net.py").open("a") as file:
        file.write("\n# better\n")
    with pytest.raises(UserError, match=rf"another file than the one that {re.escape(run)} was trained as"):
        interpolate.main([run, "--model", "own/net.py:Net", *PROBE])
    assert trained()["run"] != run


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("torchvision:convnext_tinny", "perhaps you meant torchvision:convnext_tiny"),
        ("torchvision:fasterrcnn_resnet50_fpn", "has no classifier of this name[.]"),
        ("timm:resnet62", "perhaps you meant timm:"),
        ("timm:resnet50.a1_in2k", "perhaps you meant timm:resnet50.a1_in1k"),
        ("torchvision:googlenet", "it gives a GoogLeNetOutputs"),
    ],
)
def test_a_name_that_a_library_does_not_have_or_that_is_no_classifier_is_refused(model, said):
    with pytest.raises(UserError, match=said):
        models.countable_on(Blueprint(model, 1, ("a", "b"), (3, 64, 64), (0.5,) * 3, (0.25,) * 3))


@pytest.mark.parametrize(
    ("model", "channels", "count"),
    [("torchvision:convnext_tiny", 3, 28_589_128), ("timm:resnet26.bt_in1k", 1, 15_988_904)],
)
def test_a_classifier_of_a_library_is_counted_as_published(model, channels, count):
    """timm's with a stem for grey images: 6,272 weights fewer."""
    shape, classes = (channels, 64, 64), tuple(map(str, range(1000)))
    blueprint = Blueprint(model, 1, classes, shape, (0.5,) * channels, (0.25,) * channels)
    assert Blueprint.from_json(json.loads(json.dumps(blueprint.to_json()))) == blueprint
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in models.build(blueprint).parameters()) == count
    assert models.countable_on(blueprint).type == "meta"
    assert costs.flops_per_row(blueprint) > 1e8


def test_one_network_has_one_name():
    assert networks.named("torchvision:resnet18") == "resnet18_imagenet"
    assert networks.named("torchvision:resnet50") == "resnet50"
    assert networks.named("torchvision:resnet34") == "torchvision:resnet34"
    assert networks.piece("torchvision:resnet34") == "torchvision.resnet34"
    assert networks.named("timm:resnet50.a1_in1k") == "timm:resnet50.a1_in1k"  # as the hub shows it
    assert networks.piece("timm:resnet50.a1_in1k") == "timm.resnet50.a1_in1k"


def blueprint(name, shape):
    ones = (1.0,) * shape[0]
    return Blueprint(f"{name}@{digest()}", 1, ("a", "b", "c"), shape, ones, ones, source=Path("own/net.py"))


def weights_of(name, file="given.pth"):
    torch.manual_seed(3)
    made = others.make(f"{name}@{digest()}", Path("own/net.py"), (4,), 3)
    torch.save(made.state_dict(), file)
    return made


def test_given_weights_are_measured_as_they_are_and_attacked(capsys):
    made = weights_of("Net").eval()
    record = trained("Net", "--weights", "given.pth", "--epochs", "0")
    given = networks.digest(Path("given.pth"), "--weights")
    assert record["run"] == f"iris-Net+{digest()}-from{given}-0ep-erm-seed0"
    assert record["config"]["weights"] == given
    assert [row["epoch"] for row in record["curve"]] == [0]
    asked = train.cli.parse(train.TrainOptions, "", [*IRIS, "--model", "own/net.py:Net", "--weights", "given.pth"])
    run = train.runs.describe(asked.asked, asked.source())
    x = (run.data.test.inputs - torch.tensor(run.blueprint.mean)) / torch.tensor(run.blueprint.std)
    wrong = int((made(x).argmax(1) != run.data.test.labels).sum())
    assert record["final"]["last_epoch"]["errors"] == wrong
    assert "next     scripts/attack.py or scripts/interpolate.py" in capsys.readouterr().out
    (path,) = attack.main([record["run"], "--model", "own/net.py:Net", "--attacks", "fgsm", "--threads", "1"])
    assert records.read(path)["final"]["clean"]["target"]["errors"] == wrong
    _nothing_is_asked_of(record["run"])


def _nothing_is_asked_of(run):
    """ERM and mixup cannot be compared in what was not trained; beside trainings and alone it breaks no report."""
    for trainings in (0, 1):
        results = collect(Path("results"))
        assert len(results.settings()) == trainings
        assert {verdict.status for _, verdict in judged(CLAIMS, results)} <= {"not run", "too few runs"}
        if trainings:
            assert any(run in note for note in settings.every(results).notes)
        trained("Net")


def test_given_weights_are_trained_on():
    weights_of("Net")
    record, plain = trained("Net", "--weights", "given.pth"), trained("Net")
    assert record["curve"][0]["train"]["loss"] != plain["curve"][0]["train"]["loss"]


class Runs:
    def __reduce__(self):
        return Path.touch, (Path("was-unpickled"),)


def test_files_that_are_no_weights_of_this_network_are_refused():
    def refused(said, *options):
        with pytest.raises(UserError, match=said):
            trained("Net", "--weights", "given.pth", *options)

    refused("No such file")
    with Path("given.pth").open("wb") as file:
        pickle.dump({"a": Runs()}, file)
    refused("without running what is in it")
    assert not Path("was-unpickled").exists()
    torch.save({"epoch": 3}, "given.pth")
    refused("holds no weights")
    torch.save(weights_of("Seven").state_dict(), "given.pth")
    refused("its layers.3.weight is 7 x 8 and the network's is 3 x 8: .* for another number of classes")
    torch.save({"a": torch.zeros(1)}, "given.pth")
    refused("has no layers.0.weight")
    torch.save({"state_dict": weights_of("Net").state_dict()}, "given.pth")  # as others pack them
    trained("Net", "--weights", "given.pth")
    with pytest.raises(UserError, match="--epochs 0: leaves"):
        trained("Net", "--epochs", "0")
    refused("--mixup: means nothing with --epochs 0", "--epochs", "0", "--mixup")


def test_weights_of_a_run_are_taken_for_its_network_alone():
    record = trained("Net", "--seed", "3")
    file = f"checkpoints/{record['run']}.safetensors"
    again = trained("Net", "--weights", file, "--epochs", "0", "--subset", "30")
    assert again["final"]["last_epoch"] | {"epoch": 1} == record["final"]["last_epoch"]
    assert (again["data"]["mean"], again["data"]["std"]) == (record["data"]["mean"], record["data"]["std"])
    with pytest.raises(UserError, match=rf"another network's, Net@{digest()} .* name that one: --model FILE.py:Net$"):
        trained("Seven", "--weights", file)
    mlp = records.read(train.main([*IRIS, "--model", "mlp", "--width", "8", "--epochs", "1"]))["run"]
    with pytest.raises(UserError, match="mlp of width 8, than mlp of width 128; name that one: --model mlp --width 8"):
        train.main([*IRIS, "--model", "mlp", "--weights", f"checkpoints/{mlp}.safetensors"])


def test_published_weights_are_normalised_as_they_were_trained():
    assert others.statistics("resnet50", None, 3) == others.statistics("torchvision:vgg16", None, 3) == others.IMAGENET
    assert others.statistics("resnet50", None, 1) is None
    assert others.statistics("preactresnet18", None, 3) is None
    assert others.statistics("timm:vit_base_patch16_224", None, 3)[0] == (0.5, 0.5, 0.5)
    assert others.statistics("timm:resnet50.tv_in1k", None, 3) == others.IMAGENET
    assert others.statistics(networks.named("own/net.py:Net"), Path("own/net.py"), 3) is None


@pytest.mark.parametrize(
    ("stated", "known"),
    [
        ("mean, std = [0.1, 0.2, 0.3], (0.5, 0.5, 1)", ((0.1, 0.2, 0.3), (0.5, 0.5, 1.0))),
        ("mean, std = torch.tensor([0, 0.5, 1]), torch.tensor([0.25, 0.25, 0.25])", ((0.0, 0.5, 1.0), (0.25,) * 3)),
        ("mean = [0.1, 0.2, 0.3]", None),
        ("mean, std = 0.5, 0.25", "refused"),
        ("mean, std = property(lambda it: [0.5] * 3), [0.25] * 3", "refused"),
        ("mean, std = [0.5], [0.25]", "refused"),
        ("mean, std = [123.7, 116.3, 103.5], [0.25] * 3", "refused"),
        ("mean, std = [0.5] * 3, [0.6, 0.5, 0.5]", "refused"),
        ("mean, std = [0.5] * 3, [0.25, 0.25, 0]", "refused"),
        ("mean, std = [0.5, 0.5, float('nan')], [0.25] * 3", "refused"),
        ("mean, std = ['a', 'b', 'c'], [0.25] * 3", "refused"),
    ],
)
def test_what_a_class_is_normalised_by_is_looked_at_before_it_is_trained(stated, known):
    """By what a record of it must hold."""
    with Path("own/net.py").open("a") as file:
        file.write(f"\n\nimport torch\n\n\nclass Normed(Net):\n    {stated}\n")
    model, file = networks.named("own/net.py:Normed"), Path("own/net.py")
    if known == "refused":
        with pytest.raises(UserError, match=r"net.py:Normed: its mean and std .* each of the 3 channels"):
            others.statistics(model, file, 3)
    else:
        assert others.statistics(model, file, 3) == known


def test_a_file_may_import_what_lies_beside_it(tmp_path):
    """Each its own neighbour, though both are called the same."""
    for folder, units in (("own", 5), ("other", 6)):
        Path(folder, "beside").mkdir(parents=True)
        Path(folder, "beside", "sizes.py").write_text(f"UNITS = {units}\n")
        Path(folder, "deep.py").write_text(
            "from beside.sizes import UNITS\nfrom torch import nn\n\n\nclass Deep(nn.Linear):\n"
            f"    def __init__(self):  # in {folder}\n        super().__init__(4, UNITS)\n"
        )
        file = Path(folder, "deep.py")
        assert others.make(networks.named(f"{file}:Deep"), file, (4,), 3).out_features == units
    assert not [name for name in sys.modules if name.startswith("beside")]
    assert str(tmp_path / "own") not in sys.path
