"""Studies as they are asked for, and what their members are."""

from pathlib import Path

import pytest

from _study import members
from common.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
JUDGED_NOT = "\njudged: no\n"
SMALL = "dataset: digits, width: 8, epochs: 3, threads: 1"
THREE = f"""
judged: no
train:
  - {{{SMALL}, seed: [0, 1]}}
  - {{{SMALL}, mixup: yes}}
"""
PROBES = """
interpolate: {pairs: 20, points: 3, threads: 1}
attack: {attacks: [fgsm], rows: 30, threads: 1}
boundary: {sets: moons, points: 20, epochs: 2, seeds: [0], alphas: [1.0], grid: 5}
"""
INTERPOLATE = "-pairs20-points3"


def names(content, write):
    return [member.name for member in members.read(write(content), None).members]


def words(content, write):
    return [" ".join(member.words) for member in members.read(write(content), None).members]


def refused(content, write, *named):
    with pytest.raises(UserError) as error:
        members.read(write(content), None)
    said = str(error.value)
    assert said.startswith("own.yaml"), said
    assert said.endswith("."), said
    assert "\n" not in said
    for word in named:
        assert word in said


def run(script, *argv, status=0, **environment):
    done = script("study.py", *argv, **environment)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done
