"""The Google commands' folder, whole and damaged, and sets that are not there."""

import shutil

import pytest
import torch

from common.data import online
from common.data.dataset import fingerprint
from common.data.layouts import LISTS
from common.data.load import load
from common.data.sets import SETS
from common.data.sources import Reading, Source, find
from tests.refusal import refused
from tests.sounds.recordings import audio_parquet, commands, cut, decoded


def test_the_google_commands_as_published(tmp_path, capsys):
    root = commands(tmp_path / "speech_commands")
    (root / "yes" / ".DS_Store").write_bytes(b"litter")
    for source in (find("speech_commands", tmp_path), find(str(root), None)):
        assert source == Source("speech_commands", "sounds", "word folders with lists", root)
    dataset = load(source)
    assert dataset.classes == ("no", "yes")
    assert dataset.train.labels.tolist() == [0] * 4 + [1] * 4
    assert dataset.test.labels.tolist() == [0, 1]
    assert dataset.notes == (
        "2 validation recordings are left out of training",
        "the folder _background_noise_ is left out",
        "log spectrograms of the first second at 2,000 Hz, Hann windows of 20 ms every 10 ms, shorter padded",
    )
    alone, _, _ = decoded(root / "yes" / "00_nohash_0.wav")
    assert torch.equal(dataset.train.inputs[4], alone.inputs[0])
    assert "decoding word folders" in capsys.readouterr().err
    assert fingerprint(load(source)) == fingerprint(dataset)
    assert capsys.readouterr().err == ""  # from the cache
    (root / "testing_list.txt").write_text("yes/00_nohash_0.wav\r\n\r\nno/00_nohash_0.wav\r\n")
    assert torch.equal(load(source).test.inputs[1], dataset.train.inputs[4])


def test_of_words_without_lists_a_test_part_is_drawn(tmp_path):
    root = commands(tmp_path / "own")
    (root / "validation_list.txt").write_text("")
    assert len(load(find(str(root), None)).train) == 10  # nothing is left out
    for name in LISTS:
        (root / name).unlink()
    source = find(str(root), None)
    assert source == Source("own", "sounds", "word folders", root, ("",))
    refused(lambda: load(source), root, "holds class folders and no test part", "--test-share 0.2")
    data = load(source, Reading(test_share=0.25))
    assert (len(data.train), len(data.test), data.classes) == (8, 4, ("no", "yes"))
    assert data.notes[0] == "the folder _background_noise_ is left out"
    named = commands(tmp_path / "speech_commands")
    for name in LISTS:
        (named / name).unlink()
    refused(lambda: find("speech_commands", tmp_path), f"{named} does not hold it", "testing_list.txt")


@pytest.mark.parametrize("name", ["own", "spoken_digits"])
def test_sounds_that_lie_as_images_do(tmp_path, name):
    root = tmp_path / name
    for part, rows in {"train": 6, "val": 2}.items():
        commands(root / part, rows=rows)
        for file in (*LISTS, "README.md"):
            (root / part / file).unlink()
    (root / "train" / "no" / ".DS_Store").write_bytes(b"litter")
    source = find(name, tmp_path)
    assert (source.kind, source.origin, source.parts) == ("sounds", "class folders", ("train", "val"))
    data = load(source)
    assert (data.classes, data.train.labels.tolist(), data.test.labels.tolist()) == (
        ("no", "yes"),
        [0] * 6 + [1] * 6,
        [0, 0, 1, 1],
    )
    assert "the folder _background_noise_ is left out" in data.notes
    alone, _, _ = decoded(root / "train" / "yes" / "00_nohash_0.wav")
    assert torch.equal(data.train.inputs[6], alone.inputs[0])
    shutil.copy(__file__, root / "train" / "yes" / "00_nohash_0.wav")
    refused(lambda: load(source), root / "train" / "yes" / "00_nohash_0.wav", "is not a WAV file")
    shutil.rmtree(root / "val")
    refused(lambda: load(find(name, tmp_path)), "--test-share 0.2")


FOLDER_DAMAGE = {
    "no testing list": (lambda root: (root / "testing_list.txt").unlink(), "no testing_list.txt"),
    "no validation list": (lambda root: (root / "validation_list.txt").unlink(), "no validation_list.txt"),
    "a list of what is not there": (lambda root: (root / "yes/05_nohash_0.wav").unlink(), "names yes/05_nohash_0.wav"),
    "a list of paths": (lambda root: (root / "testing_list.txt").write_text("../x.wav"), "testing_list.txt names ../x"),
    "an empty list": (lambda root: (root / "testing_list.txt").write_text("\n"), "testing_list.txt names no recording"),
    "a list that is no text": (lambda root: (root / "testing_list.txt").write_bytes(b"\xff\xfe"), "is not text"),
    "one in both lists": (
        lambda root: shutil.copy(root / "testing_list.txt", root / "validation_list.txt"),
        "no/05_nohash_0.wav",
    ),
    "an empty word": (lambda root: (root / "left").mkdir(), "left is empty"),
    "a folder in a word": (lambda root: (root / "yes/more").mkdir(), "yes/more is a folder"),
    "a cut recording": (lambda root: cut(root / "yes/00_nohash_0.wav"), "yes/00_nohash_0.wav"),
    "no recording": (lambda root: (root / "no/x.txt").write_text("hello"), "no/x.txt is not a WAV file"),
    "an empty recording": (lambda root: (root / "no/05_nohash_0.wav").write_bytes(b""), "no/05_nohash_0.wav"),
    "one word": (lambda root: one_word(root), "one class only, 'yes'"),
    "all of it for testing": (lambda root: all_listed(root), "holds no rows"),
    "parquet beside it": (lambda root: audio_parquet(root), "leave one of the two"),
}


def one_word(root):
    shutil.rmtree(root / "no")
    for name in LISTS:
        (root / name).write_text((root / name).read_text().splitlines()[0])


def all_listed(root):
    names = [f"{path.parent.name}/{path.name}\n" for path in root.glob("[yn]*/*4_*.wav")]
    for path in root.glob("[yn]*/*.wav"):
        if f"{path.parent.name}/{path.name}\n" not in names:
            names.append(f"{path.parent.name}/{path.name}\n")
    (root / "validation_list.txt").write_text("".join(names[:2]))
    (root / "testing_list.txt").write_text("".join(names[2:]))


@pytest.mark.parametrize(("damage", "said"), FOLDER_DAMAGE.values(), ids=FOLDER_DAMAGE)
def test_folders_that_are_damaged(tmp_path, damage, said):
    root = commands(tmp_path / "own")
    damage(root)
    refused(lambda: load(find(str(root), None)), root, said)


@pytest.mark.parametrize("name", [name for name, one in SETS.items() if one.kind == "sounds"])
def test_sounds_that_are_not_there_are_not_looked_for_on_the_hub(tmp_path, monkeypatch, name):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(online, "obstacle", lambda: pytest.fail("asked"))
    said = (f"{name}/train.parquet", "testing_list.txt", "--data-dir FOLDER", "--dataset digits")
    refused(lambda: find(name, None), f"{name} cannot be had", "MIXUP_DATA_DIR", *said)
    refused(lambda: find(name, tmp_path), tmp_path / name, *said)
    (tmp_path / name / "other").mkdir(parents=True)
    refused(lambda: find(name, tmp_path), f"{tmp_path / name} does not hold it")
    assert "speech_commands" in refused(lambda: find("speech-commands", tmp_path), "perhaps you meant speech_commands.")
