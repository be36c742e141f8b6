"""What could not be used."""

from analysis.collect import collect
from analysis.questions import show
from tests import fixtures
from tests.asking import column


def test_problems(tmp_path):
    assert show("table-problems", collect(tmp_path)).frame.empty
    path = fixtures.train(tmp_path)
    path.write_text("{")
    assert column(show("table-problems", collect(tmp_path)), "what")[0].startswith(f"cifar10/{path.name}: not a record")
