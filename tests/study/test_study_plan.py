"""What a study will cost."""

from pathlib import Path
from unittest.mock import Mock

import pytest

from _study import crew, forecast, members
from _study.crew import Call
from _study.forecast import Answer
from common import cores
from common.errors import UnfinishedError
from common.progress import Reached
from scripts import study
from tests.study.asked import INTERPOLATE, PROBES, ROOT, SMALL, THREE

BOUNDARY = "boundary-moons-points20-alphas1.0-2ep-seeds0-grid5"


def a_plan(seconds, rate, device="CPU x86_64", is_emulated=False, gpus=0):
    """What `train.py --plan --json` says, as far as a study reads it."""
    return {
        "seconds": seconds,
        "rows_per_second": rate,
        "measured_rows": 300,
        "device": device,
        "is_emulated": is_emulated,
        "gpus": gpus,
    }


def test_the_plan(capsys, write, digits, monkeypatch):
    asked = []

    def said(call):
        asked.append(call)
        if "boundary.py" in call.words[0]:
            return Answer({"seconds": 12.0, "device": "CPU x86_64", "gpus": 0}, "", 0.0)
        return Answer(a_plan(240.0, 2.0), "", 0.0)

    monkeypatch.setattr(forecast, "_asked", said)
    monkeypatch.setattr(cores, "usable_cores", lambda: 2)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    Path("checkpoints", f"{digits[1]}.safetensors").unlink()
    Path("checkpoints", f"{digits[2]}.state").write_bytes(b"")
    study.main([write(THREE + PROBES), "--plan", "--jobs", "1"])
    # Interpolated: 3 x 20 forward and 3 x 20 pairs of gradients, (60 / 3 + 60 x 2 / 3) / 2 rows a second. Attacked: 30
    # rows forward 3 (clean) + 9 x 5 (epsilons) times, and 3 gradients, (1440 / 3 + 90 x 2 / 3) / 2.
    width = len(f"interpolate-{digits[2]}{INTERPOLATE}")
    assert capsys.readouterr().out.splitlines() == [
        "own: 1 of 8 done (own.yaml)",
        f"  done     {digits[0]}",
        f"  missing  {digits[1]:<{width}}     4 min  its record is there, its weights are not",
        f"  missing  {digits[2]:<{width}}     4 min  begun, goes on",
        *(f"  missing  {f'interpolate-{name}{INTERPOLATE}':<{width}}      30 s" for name in digits),
        f"  missing  {'attack-digits-3x3-fgsm-rows30':<{width}}     4 min",
        f"  missing  {BOUNDARY:<{width}}      12 s",
        "cost  about 14 min with --jobs 1 (14 min one after the other), from trials on CPU x86_64 with 2 threads",
    ]
    assert len(asked) == 2


def test_a_precision_that_the_machine_has_not_is_said_with_the_way_out(capsys, write, monkeypatch):
    def said(call):
        return Answer(a_plan(60.0, 9.0, is_emulated="bf16" in call.environment.values()), "", 0.0)

    monkeypatch.setattr(forecast, "_asked", said)
    setting = "dataset: digits, threads: 1, seed: [0, 1]"
    write(f"train: [{{{setting}, mixed_precision: bf16}}, {{{setting}, width: 4}}]")
    study.main(["./own.yaml", "--plan", "--jobs", "1"])
    *_, cost, way_out = capsys.readouterr().out.splitlines()
    assert cost.startswith("cost  about 4 min")
    assert way_out == (
        "      2 of them in a precision that this machine does not multiply by itself. With --mixed-precision no they "
        "are in fp32, under other names, and many times as fast."
    )
    study.main(["./own.yaml", "--plan", "--jobs", "1", "--mixed-precision", "no"])
    assert "--mixed-precision" not in capsys.readouterr().out


def test_what_a_trial_cannot_say_is_said(capsys, write):
    study.main([write(f"train: {{{SMALL}, subset: 5}}"), "--plan", "--jobs", "1"])
    out = capsys.readouterr().out
    (member,) = members.read("./own.yaml", None).members
    assert out.splitlines()[1:3] == [f"  missing  {member.name}         ?", "cost  not known"]
    assert out.splitlines()[3].startswith(f"      without {member.name}: --subset 5")


def test_of_data_that_cannot_be_had_the_plan_says_all_that_their_script_said(capsys, write, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    study.main([write("train: {seed: [0, 1]}"), "--plan", "--data-dir", "."])
    *_, cost, reason, line = capsys.readouterr().out.splitlines()
    assert cost == "cost  not known"
    assert reason.startswith("      without cifar10-preactresnet18-erm-seed0: The data set cifar10 cannot be had: ")
    assert line == f"          python {ROOT / 'scripts' / 'train.py'} --dataset digits --mixup"


def test_the_start_of_each_process_is_part_of_its_cost(write, monkeypatch):
    """Of two networks' trials the shorter start counts: the first one may have decoded the files for both."""
    starts = iter([50.0, 7.0, 3.0])

    def answer(call):
        if call.words == ("boundary",):
            return Answer({"seconds": 12.0, "device": "CPU x86_64", "gpus": 0}, "", next(starts))
        return Answer(a_plan(2.0, 900.0), "", next(starts))

    monkeypatch.setattr(forecast, "_asked", answer)
    content = f"train: {{{SMALL}, width: [8, 4], seed: [0, 1]}}\nattack: {{attacks: noise, epsilons: 4, rows: 300}}"
    found = members.read(write(content.replace("width: 8, ", "") + "\nboundary:"), None).members
    costs = forecast.of_all(found, found, lambda member: Call((member.script,)))
    # Attacked: 300 rows forward, of each of four models clean and with noise, 2700 rows a second.
    assert [cost.seconds for cost in costs.values()] == pytest.approx([9, 9, 9, 9, 7 + 2400 / 2700, 15])


def test_a_real_trial(capsys, write):
    study.main([write(THREE + PROBES), "--plan", "--jobs", "2"])
    out = capsys.readouterr().out
    assert "?" not in out
    assert " with --jobs 2 (" in out
    assert "from trials on CPU" in out


def test_on_a_gpu_one_job(capsys, write, monkeypatch):
    monkeypatch.setattr(forecast, "_asked", lambda call: Answer(a_plan(4.0, 9.0, "NVIDIA H100"), "", 0.0))
    study.main([write("train: {dataset: wine, seed: [0, 1]}"), "--plan"])
    assert "about 8 s with --jobs 1" in capsys.readouterr().out
    study.main([write("train: {dataset: wine, seed: [0, 1]}"), "--plan", "--jobs", "2"])
    assert "about 4 s with --jobs 2" in capsys.readouterr().out


@pytest.mark.parametrize(("visible", "given"), [(None, ["0", "1", "0"]), ("5,7", ["5", "7", "5"])])
def test_on_several_gpus_a_job_on_each(write, monkeypatch, visible, given):
    """Alone, each would take the first."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr(forecast, "_asked", lambda call: Answer(a_plan(4.0, 9.0, "NVIDIA H100", gpus=2), "", 0.0))
    started = []
    ended = Mock(spec=crew.Hand, process=Mock(exitcode=0), log=Path("log"))
    ended.progress.return_value = Reached()
    ended.last_words.return_value = ""
    monkeypatch.setattr(crew, "start", lambda call, log: started.append(call.environment) or ended)
    monkeypatch.setattr(crew, "stop", lambda hands: None)
    with pytest.raises(UnfinishedError, match="3 of 3 are missing still"):  # nothing was trained
        study.main([write("train: {dataset: wine, seed: [0, 1, 2]}\njudged: no")])
    assert [one["CUDA_VISIBLE_DEVICES"] for one in started] == given
