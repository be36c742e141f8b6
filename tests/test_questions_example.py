"""Two images and what lies in between."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from analysis.collect import collect
from analysis.questions import example, show
from analysis.setting import Setting
from common import records
from tests import fixtures
from tests.asking import at, drawn


def png(value):
    file = io.BytesIO()
    Image.fromarray(np.full((32, 32, 3), value, dtype=np.uint8)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_the_example_is_mixed_as_the_scripts_mix(tmp_path):
    run = fixtures.train(tmp_path)
    path = fixtures.interpolate(tmp_path, run)
    record = records.read(path)
    record["final"]["examples"][0] |= {"x_i": png(200), "x_j": png(100)}
    records.write(path, record)
    results = collect(tmp_path)
    classes, (pair,), used = example.shared(Setting(results, results.headline()))
    assert (classes[0], pair.labels, used) == ("airplane", (0, 1), [f"cifar10/{path.name}"])
    for lam, value in ((0, 100), (0.25, 125), (1, 200)):
        assert example.mixed(pair, lam) == pytest.approx(np.full((32, 32, 3), value / 255))
    strip = show("example", results).picture.subfigs[0].axes
    assert [ax.get_title() for ax in strip] == ["λ = 0", "λ = 0.25", "λ = 0.5", "λ = 0.75", "λ = 1"]
    (image,) = strip[1].get_images()
    assert np.asarray(image.get_array()) == pytest.approx(np.full((32, 32, 3), 125 / 255))
    (ax,) = show("example", results).picture.subfigs[1].axes
    assert at(drawn(ax)["airplane"], 0.75) == 0.75
    assert at(drawn(ax)["automobile"], 0.75) == 0.25


def test_the_caption_says_which_rows_are_shown(tmp_path):
    for split, said in (("train", "Training rows 3 "), ("test", "Test rows 3 ")):
        run = fixtures.train(tmp_path / split)
        path = fixtures.interpolate(tmp_path / split, run, split=split)
        record = records.read(path)
        record["final"]["examples"][0] |= {"x_i": png(200), "x_j": png(100)}
        records.write(path, record)
        assert show("example", collect(tmp_path / split)).caption.startswith(said)


def test_only_pairs_that_every_method_was_shown_are_compared(tmp_path):
    runs = fixtures.study(tmp_path, seeds=1, probes=("interpolate",))
    path = tmp_path / "cifar10" / f"interpolate-{records.read(runs[1.0, 0])['run']}.json"
    record = records.read(path)
    record["final"]["examples"][0]["rows"] = [3, 6]
    records.write(path, record)
    results = collect(tmp_path)
    assert example.shared(Setting(results, results.headline()))[1] == []
    assert show("example", results).picture is None


def test_tables_have_no_picture_to_mix(tmp_path):
    fixtures.study(tmp_path, seeds=1, dataset="wine", probes=("interpolate",))
    for path in tmp_path.glob("wine/interpolate-*.json"):
        record = records.read(path)
        record["final"]["examples"][0] |= {"x_i": [0.0] * 13, "x_j": [1.0] * 13}
        records.write(path, record)
    figure = show("example", collect(tmp_path))
    assert figure.picture is None
    assert "no images" in figure.missing
