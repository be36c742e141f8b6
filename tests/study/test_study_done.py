"""What is done of a study, what is not, and what is refused."""

import shutil
import statistics
from pathlib import Path

import pytest

from _study import members, standing
from common import records
from common.errors import UserError
from tests import fixtures
from tests.refusal import refused
from tests.study.asked import INTERPOLATE, PROBES, SMALL, THREE, run


def standings(content, write):
    found = members.read(write(content), None).members
    return [(one.is_done, one.why) for one in standing.of_all(found, Path("results"), Path("checkpoints")).values()]


def edit(path, **fields):
    record = records.read(path)
    for field, changes in fields.items():
        record[field] |= changes
    records.write(path, fixtures.with_config(record))


def test_what_is_of_another_configuration_or_other_weights_is_not_done(write, digits):
    assert standings(THREE, write) == [(True, "")] * 3
    first, second, third = (Path("results", "digits", f"train-{name}.json") for name in digits)
    edit(first, config={"momentum": 0.8})
    edit(second, environment={"precision": "bf16"})
    shutil.copy(f"checkpoints/{digits[0]}.safetensors", f"checkpoints/{digits[2]}.safetensors")
    found = standings(THREE, write)
    assert [is_done for is_done, _ in found] == [False] * 3
    assert "momentum is 0.8 there and 0.9 here" in found[0][1]
    assert "precision is 'bf16' there and 'no' here" in found[1][1]
    assert "not the weights that results/digits/" in found[2][1]
    third.write_text("{")
    assert "not a record" in standings(THREE, write)[2][1]


def test_runs_of_other_data_are_refused(write, digits):
    path = Path("results", "digits", f"train-{digits[1]}.json")
    edit(path, data={"fingerprint": "0" * 64})
    with pytest.raises(UserError, match=f"train-{digits[0]}.* and .*train-{digits[1]}.json are of different data"):
        standings(THREE, write)


def test_another_view_of_the_images_is_no_other_data(write):
    """Where crops are trained on, images are measured on without their margin."""
    content = "judged: no\ntrain:\n  - {dataset: imagenet, augment: [resized-crop, none], seed: [0, 1]}\n"
    runs = members.read(write(content), None).members

    def are_of(*fingerprints):
        of_each = zip(runs, fingerprints, strict=True)
        data = {run.name: {"kind": "images", "fingerprint": fingerprint} for run, fingerprint in of_each}
        found = {name: standing.Standing(True, record={"data": one}) for name, one in data.items()}
        standing._refuse_other_rows(runs, found, Path("results"))

    assert ["augnone" in run.name for run in runs] == [False, True, False, True]
    are_of("a", "b", "a", "b")
    refused(lambda: are_of("a", "b", "a", "c"), runs[1].name, runs[3].name, "are of different data")


def test_points_of_the_users_own_may_change(script, write):
    name = write("boundary: {csv: mine.csv, epochs: 1, seeds: [0], alphas: [1.0], grid: 5}")
    points = "x,y,label\n" + "".join(f"{k},{k * k},{'ab'[k % 2]}\n" for k in range(8))
    Path("mine.csv").write_text(points)
    run(script, name)
    assert "All 1 are done" in run(script, name).stdout
    Path("mine.csv").write_text(points.replace("7,49", "7,50"))
    assert "data is" in run(script, name, "--plan").stdout


def test_a_study_from_runs_to_done_again_and_of_other_weights(script, write, digits):
    content = THREE + PROBES.replace("interpolate: {", f"interpolate: {{runs: {digits[1]}, ")
    name = write(content)
    Path("results/digits", f"train-{digits[0]}.json").unlink()
    assert [is_done for is_done, _ in standings(content, write)] == [False, True, True] + [False] * 3
    done = run(script, name, "--jobs", "2")
    events = [line for line in done.stdout.splitlines() if line.startswith(("started", "done"))]
    assert len(events) == 2 * 4
    assert events[:2] == [f"started  {digits[0]}", f"started  interpolate-{digits[1]}{INTERPOLATE}"]
    _, came_out = done.stdout.split("All 6 are done. The records are in results.\n")
    final = {name: records.read(Path("results/digits", f"train-{name}.json"))["final"]["last_epoch"] for name in digits}
    error = {name: 100 * one["errors"] / one["n"] for name, one in final.items()}
    mean = statistics.mean([error[digits[0]], error[digits[1]]])
    deviation = statistics.stdev([error[digits[0]], error[digits[1]]])
    assert came_out.splitlines()[1].split("  ", 1)[1].split("  ", 1)[1].strip() == (
        f"ERM {mean:.1f} ± {deviation:.1f} % (n = 2)   mixup {error[digits[2]]:.1f} % (n = 1)"
    )
    assert "misses at λ = 0.5" in came_out
    assert "white-box FGSM error at ε = 4/255" in came_out
    assert "moons\n  border: grid in .1 < p < .9" in came_out
    made = contents()
    assert sum(name.endswith(".json") for name in made) == 3 + 1 + 9 + 1
    again = run(script, name)
    assert again.stdout.endswith(f"All 6 are done. The records are in results.\n{came_out}")
    assert "started" not in again.stdout
    assert contents() == made
    assert not Path("results/.study.lock").exists()
    assert standings(content, write) == [(True, "")] * 6
    path = Path("results", "digits", f"attack-{digits[0]}--{digits[1]}-fgsm-rows30.json")
    record = records.read(path)
    record["parents"][1]["weights"] = "0" * 64
    records.write(path, record)
    assert standings(content, write)[4] == (False, "8 of 9 records are there")
    Path("checkpoints", f"{digits[2]}.safetensors").unlink()
    assert [is_done for is_done, _ in standings(content, write)] == [True, True, False, True, False, True]


def test_a_run_that_fails_does_not_lose_the_rest(script, write):
    content = f"""
train:
  - {{{SMALL}}}
  - {{{SMALL}, lr: 1e30}}
interpolate: {{pairs: 5, points: 2}}
attack: {{attacks: noise, rows: 5}}
"""
    done = run(script, write(content), "--jobs", "1", status=1)
    bad, good = "digits-smallcnn-w8-3ep-lr1e+30-erm-seed0", "digits-smallcnn-w8-3ep-erm-seed0"
    lines = done.stderr.splitlines()
    assert "3 of 5 are missing still; the same command tries again." in lines
    (failure,) = (line for line in lines if line.startswith(f"  {bad}: "))
    assert "status 3" in failure
    assert "no longer finite" in failure
    assert failure.endswith(f"what it said: checkpoints/logs/{bad}.log")
    assert f"  attack-digits-2x2-noise-rows5: not run, since it needs {bad}" in lines
    log = Path("checkpoints/logs", f"{bad}.log").read_text()
    assert log.startswith("$ ")
    assert "no longer finite" in log
    assert Path(f"results/digits/interpolate-{good}-pairs5-points2.json").exists()


def contents():
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file() and path.suffix != ".log"}
