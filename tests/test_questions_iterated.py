"""What is left under many steps."""

import pytest

from tests.asking import attacked, of_study
from tests.fixtures import ERM, MIXUP


@pytest.mark.parametrize(
    ("erm", "mixup", "statuses"),
    [
        (ERM, MIXUP, ["holds", "holds"]),  # gain under FGSM, none under PGD
        (ERM, attacked(MIXUP, {("pgd", 4.0): 9000}), ["holds", "fails"]),  # it stays
        (ERM, attacked(MIXUP, {("fgsm", 4.0): 9070}), ["undecided", "holds in part"]),  # there was none
        (attacked(ERM, {("pgd", 4.0): 9000}), MIXUP, ["holds", "holds"]),  # it turns
    ],
)
def test_what_becomes_of_the_gain(tmp_path, erm, mixup, statuses):
    assert of_study(tmp_path, "P17", "L4", probes=["attack"], erm=erm, mixup=mixup) == statuses


@pytest.mark.parametrize(("errors", "status"), [(9950, "holds"), (9300, "holds"), (8500, "fails")])
def test_who_resists(tmp_path, errors, status):
    assert of_study(tmp_path, "P20", probes=["attack"], mixup=attacked(MIXUP, {("pgd", 4.0): errors})) == [status]
