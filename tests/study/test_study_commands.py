"""The commands of a study, printed."""

import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path

from _study import members
from common import cores
from common.options.fields import LONGEST
from scripts import study
from tests import refusal
from tests.study.asked import PROBES, ROOT, SMALL, THREE, run

LINE_OF_IT = 'bash -c "$(sed -n ${SLURM_ARRAY_TASK_ID}p own.sh)"'


def test_the_commands(script, digits, tmp_path):
    (tmp_path / "own.yaml").write_text(THREE + PROBES)
    Path("checkpoints", f"{digits[1]}.safetensors").unlink()
    done = run(script, "own.yaml", "--print", "--data-dir", "my data")
    scripts = f"python {ROOT / 'scripts'}"
    data = "--threads 1 --data-dir 'my data'"
    assert done.stdout.splitlines() == [
        "# stage 1 of own: 2 that need nothing of each other",
        f"{scripts}/train.py --dataset digits --width 8 --epochs 3 --threads 1 --seed 1 --data-dir 'my data'",
        f"{scripts}/boundary.py --sets moons --points 20 --epochs 2 --seeds 0 --alphas 1.0 --grid 5",
        "# stage 2 of own: 4 that need the runs above",
        *(f"{scripts}/interpolate.py {name} --pairs 20 --points 3 {data}" for name in digits),
        f"{scripts}/attack.py {' '.join(digits)} --attacks fgsm --rows 30 {data}",
        "# Saved as own.sh, all of it by SLURM; add what your cluster wants, such as --gpus 1 --cpus-per-task 8:",
        f"#   job=$(sbatch --parsable --array 2-3 --wrap '{LINE_OF_IT}')",
        f"#   job=$(sbatch --parsable --dependency afterany:$job --array 5-8 --wrap '{LINE_OF_IT}')",
        "# or by GNU parallel, on this machine:",
        "#   sed -n 2,3p own.sh | parallel --jobs 4",
        "#   sed -n 5,8p own.sh | parallel --jobs 4",
    ]
    assert done.stderr == ""


def test_no_line_feed_makes_a_second_command_of_one(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for argv in (
        [write('train: {dataset: "wine\\ntouch sprung"}', "first.yaml"), "--print"],
        [write("train: {dataset: wine}"), "--print", "--data-dir", "x\ntouch sprung"],
        ["./own\ntouch sprung.yaml", "--print"],
    ):
        refusal.refused(partial(study.main, argv), r"\ntouch sprung")


def test_the_commands_share_the_cores_where_the_jobs_are_known(capsys, write, monkeypatch):
    monkeypatch.setattr(cores, "usable_cores", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    study.main([write("train: {dataset: wine, seed: [0, 1, 2]}"), "--print", "--jobs", "2"])
    assert capsys.readouterr().out.count("--threads 4") == 3
    study.main([write("train: {dataset: wine, seed: 0}"), "--print", "--jobs", "2"])
    assert capsys.readouterr().out.count("--threads 8") == 1
    study.main([write("train: {dataset: wine, seed: 0}"), "--print"])
    assert "--threads" not in capsys.readouterr().out


def test_the_commands_that_are_printed_make_the_study(script, tmp_path):
    (tmp_path / "own.yaml").write_text(f"train: {{{SMALL}}}\nboundary: {{sets: moons, epochs: 1, seeds: [0], grid: 5}}")
    lines = run(script, "own.yaml", "--print", "--results-dir", "out of/here").stdout
    for line in lines.splitlines():
        words = shlex.split(line, comments=True)
        assert words[:1] in ([], ["python"])
        if words:
            subprocess.run([sys.executable, *words[1:]], cwd=tmp_path, check=True, capture_output=True)
    assert run(script, "own.yaml", "--print", "--results-dir", "out of/here").stdout == "# all 2 of own are done\n"


def test_a_member_of_many_borders_has_a_name_that_its_log_can_have(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = write(
        f"boundary: {{sets: [circles-paper, moons, circles, spirals], seeds: {[*range(20)]}, alphas: [1.0, 2.0]}}"
    )
    (member,) = members.read(own, None).members
    assert len(member.name) <= LONGEST
    assert len(member.wanted) == 4
