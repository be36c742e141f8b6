"""Sounds in Parquet files."""

import datasets
import pyarrow as pa
import pytest
import torch

from common.data.dataset import fingerprint
from common.data.load import load
from common.data.sources import Reading, find
from tests.refusal import refused
from tests.sounds.recordings import audio_parquet, cut, decoded, noise, table, wav


def declared(rows=4):
    """As `datasets` writes sounds; beside the label that is declared one there are other integers."""
    plain = table(rows).drop_columns("speaker")
    sound = pa.array([{"bytes": data, "path": None} for data in plain["audio"].to_pylist()])
    given = datasets.Features(
        {
            "sound": datasets.Audio(decode=False),
            "label": datasets.ClassLabel(names=["no", "yes"]),
            "utterance_id": datasets.Value("int64"),
        }
    )
    columns = {"sound": sound, "label": plain["label"], "utterance_id": list(range(rows))}
    return pa.table(columns).replace_schema_metadata(given.arrow_schema.metadata)


@pytest.mark.parametrize("make", [table, declared])
def test_parquet_of_sounds_is_known_by_what_is_declared_or_by_its_name(tmp_path, make):
    root = audio_parquet(tmp_path / "own", make(), make())
    assert find(str(root), None).kind == "sounds"
    dataset = load(find(str(root), None))
    assert dataset.kind == "sounds"
    assert dataset.train.inputs.shape == (4, 1, 21, 101)
    assert dataset.classes == (("no", "yes") if make is declared else ("0", "1"))
    alone, _, _ = decoded(wav(noise(2, 2000), 2000))
    assert torch.equal(dataset.train.inputs[2], alone.inputs[0])


def test_one_part_is_enough_where_the_other_is_drawn(tmp_path):
    root = audio_parquet(tmp_path / "own", table(), table())
    (root / "test.parquet").unlink()
    data = load(find(str(root), None), Reading(test_share=0.5))
    assert (len(data.train), len(data.test)) == (2, 2)


PARQUET_DAMAGE = {
    "no test": (lambda own: (own / "test.parquet").unlink(), "no test part"),
    "cut": (lambda own: cut(own / "train.parquet"), "train.parquet cannot be read as parquet"),
    "no audio": (lambda own: audio_parquet(own, table(name="sound")), "train.parquet needs exactly one audio column"),
    "audio that is no bytes": (lambda own: audio_parquet(own, table(audio=["x"] * 4)), "one audio column"),
    "no label": (lambda own: audio_parquet(own, table().drop_columns("label")), "one label column"),
    "two labels": (lambda own: audio_parquet(own, table(word=["a"] * 4)), "label, word"),
    "nulls": (lambda own: audio_parquet(own, table(1, audio=pa.array([None], pa.binary()))), "empty in 1 rows"),
    "a cut recording": (
        lambda own: audio_parquet(own, test=table(audio=[*table(3)["audio"].to_pylist(), wav(noise(0))[:-9]])),
        "test.parquet, row 3",
    ),
    "no recording": (lambda own: audio_parquet(own, table(audio=[b"x"] * 4)), "train.parquet, row 0 is not a WAV"),
    "no rows": (lambda own: audio_parquet(own, table().slice(0, 0)), "holds no rows"),
    "other classes": (lambda own: audio_parquet(own, test=table(labels=[0, 1, 2, 0])), "'2' (test only)"),
}


@pytest.mark.parametrize(("damage", "said"), PARQUET_DAMAGE.values(), ids=PARQUET_DAMAGE)
def test_parquet_that_is_damaged(tmp_path, damage, said):
    own = audio_parquet(tmp_path / "spoken_digits")
    damage(own)
    refused(lambda: load(find("spoken_digits", tmp_path)), own, said)


def _rows(*parts):
    return [row.numpy().tobytes() for part in parts for row in part.inputs]


def test_a_larger_test_part_of_the_spoken_digits_is_drawn_once_around_their_own(tmp_path):
    """--data-seed draws which recordings are trained on; every run is measured on the same ones."""
    audio_parquet(tmp_path / "spoken_digits", table(16), table(4, first=16))
    source = find("spoken_digits", tmp_path)
    own, larger = load(source), load(source, Reading(test_share=0.5))
    assert fingerprint(load(source, Reading(test_share=0.2, data_seed=3))) == fingerprint(own)
    assert fingerprint(load(source, Reading(test_share=0.5, data_seed=3))) == fingerprint(larger)
    assert larger.train.labels.bincount().tolist() == larger.test.labels.bincount().tolist() == [5, 5]
    assert set(_rows(own.test)) < set(_rows(larger.test))
    assert sorted(_rows(larger.train, larger.test)) == sorted(_rows(own.train, own.test))
    assert larger.notes == own.notes


def test_the_test_part_of_other_sounds_stays_what_it_is(tmp_path):
    for name in ("speech_commands", "own"):
        root = audio_parquet(tmp_path / name)
        source = find(name if name != "own" else str(root), tmp_path)
        refused(lambda source=source: load(source, Reading(test_share=0.5)), "--test-share 0.5", "has a test part")
