from collections import Counter

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from common import attacks, matrix
from common.attacks import Space
from common.data.dataset import Part
from common.errors import UserError
from common.models import Blueprint, build
from common.options.attack import AttackConfig, passes, resolve

ROWS, CLASSES = 37, 6


def part(rows=ROWS):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (rows, 1, 8, 8), generator=generator, dtype=torch.uint8)
    return Part(pixels, torch.arange(rows) % CLASSES)


def network(seed):
    blueprint = Blueprint("smallcnn", 4, tuple("abcdef"), (1, 8, 8), (0.5,), (0.25,))
    return build(blueprint, seed).eval().requires_grad_(False)


def bench(batch_size=10, **options):
    config = resolve(AttackConfig(**{"pgd_steps": 3, **options}))
    return matrix.Matrix(Accelerator(cpu=True), config, part(), Space(None), batch_size)


@pytest.fixture
def calls(monkeypatch):
    """How many gradients were asked of each model."""
    seen, real = Counter(), attacks.signed_gradient

    def counting(model, x, y):
        seen[id(model)] += 1
        return real(model, x, y)

    monkeypatch.setattr(attacks, "signed_gradient", counting)
    return seen


@pytest.mark.parametrize("attack", ["fgsm", "ifgsm", "pgd", "noise"])
def test_what_is_found_depends_neither_on_the_batches_nor_on_the_other_targets(attack):
    source, one, two = (network(seed) for seed in range(3))
    whole = bench(500).attack(attack, source, {0: source, 1: one, 7: two})
    for batch_size in (1, 7):
        small = bench(batch_size).attack(attack, source, {7: two})
        assert whole.keys() == small.keys()
        for made, found in small.items():
            assert found.ranks[7].tolist() == whole[made].ranks[7].tolist()
            assert found.rows.tolist() == whole[made].rows.tolist() == list(range(ROWS))
            assert np.allclose(found.distances, whole[made].distances, atol=1e-4)
            assert 0.9 * made[1] < found.distances.max() < made[1] + 1e-4


def test_examples_are_made_once_for_all_targets_and_fgsm_once_for_all_epsilons(calls):
    source, target = network(0), network(1)
    used = bench(500)
    used.attack("fgsm", source, {0: source, 1: target})
    assert calls == {id(source): 1}
    used.attack("ifgsm", source, {0: source, 1: target})
    assert calls == {id(source): 1 + 2 * 10}
    used.attack("pgd", source, {1: target})
    assert calls == {id(source): 1 + 2 * 10 + 2 * 3}
    used.attack("noise", source, {0: source, 1: target})
    assert calls == {id(source): 1 + 2 * 10 + 2 * 3}


def test_noise_asks_no_source():
    target = network(2)
    one, two = (bench().attack("noise", network(seed), {0: target}) for seed in (0, 1))
    assert all(one[made].ranks[0].tolist() == two[made].ranks[0].tolist() for made in one)
    black = [bench().attack("fgsm", network(seed), {0: target}) for seed in (0, 1)]
    assert any(black[0][made].ranks[0].tolist() != black[1][made].ranks[0].tolist() for made in black[0])


@pytest.mark.parametrize(("attack", "draw"), [("noise", "random_signs"), ("pgd", "random_starts")])
def test_chance_is_asked_for_by_the_number_of_the_row(monkeypatch, attack, draw):
    used, asked, real = bench(4, rows=20, sample=9), [], getattr(attacks, draw)
    monkeypatch.setattr(attacks, draw, lambda x, rows, *key: (asked.extend(rows.tolist()), real(x, rows, *key))[1])
    used.attack(attack, network(0), {0: network(0)})
    assert asked == used.rows(attack).tolist()


def test_of_epsilon_0_errors_are_the_clean_ones():
    model = network(0)
    used = bench(epsilons=(0.0,), iterated_epsilons=(0.0,), pgd_restarts=2)
    clean = used.clean(model)
    for attack in ("fgsm", "ifgsm", "pgd", "noise"):
        assert used.attack(attack, model, {0: model})[attack, 0.0].ranks[0].tolist() == clean.tolist()
    with torch.no_grad():
        wrong = model(part().inputs / 255).argmax(dim=1) != part().labels
    assert (clean > 0).tolist() == wrong.tolist()


def test_fewer_rows_are_among_more_and_other_rows_are_not_asked():
    used = bench(sample=9, rows=20)
    assert set(used.rows("pgd")) < set(used.rows("fgsm"))
    assert (len(used.rows("ifgsm")), len(used.rows("noise"))) == (9, 20)
    assert (np.diff(used.rows("fgsm")) > 0).all()
    assert (used.clean(network(0)) >= 0).sum() == 20
    assert used.rows("pgd").tolist() != bench(sample=9, seed=1).rows("pgd").tolist()
    assert len(bench(sample=9, attacks=("pgd",)).all_rows()) == 9
    assert len(bench(sample=5000).rows("pgd")) == ROWS


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_a_process_holds_what_it_fetches_and_no_more(processes, monkeypatch):
    """Of images that stay encoded every other row is one to decode and to keep."""
    monkeypatch.setattr(Accelerator, "num_processes", property(lambda _: processes))
    monkeypatch.setattr(Accelerator, "reduce", lambda _, table, how: table)
    fetch, held, models = Part.fetch, [], {0: network(0)}
    for process in range(processes):
        monkeypatch.setattr(Accelerator, "process_index", property(lambda _, process=process: process))
        used, fetched = bench(sample=9, rows=20), set()
        monkeypatch.setattr(Part, "fetch", lambda *of, fetched=fetched: fetched.update(of[1].tolist()) or fetch(*of))
        used.clean(models[0])
        for attack in used.config.attacks:
            used.attack(attack, models[0], models)
        assert sorted(fetched) == used.rows_here().tolist()
        held.append(used.rows_here())
    assert set(np.concatenate(held)) == set(used.all_rows())
    assert len(held[0]) <= 20 // processes + 9 // processes + 2


def test_counts_by_hand():
    tested = matrix.Tested(
        rows=np.array([1, 2, 4, 5]),
        ranks={3: np.array([0, 1, 5, 2])},
        is_zero=np.array([True, False, False, True]),
        distances=np.array([3.5, 4.0, 0.0, 1.0]),
    )
    source, target = np.array([-1, 0, 0, -1, 2, 0]), np.array([-1, 0, 0, -1, 0, 1])
    assert matrix.counts(("fgsm", 4.0), tested, 3, (source, target), classes=6) == {
        "attack": "fgsm",
        "epsilon": 4.0,
        "n": 4,
        "errors": 3,
        "errors_top5": 1,
        "errors_clean": 1,
        "n_both_right": 2,
        "errors_both_right": 1,
        "largest_perturbation": 4.0,
        "zero_gradients": 2,
    }
    of_five = matrix.counts(("noise", 4.0), tested, 3, (source, target), classes=5)
    assert not {"errors_top5", "zero_gradients"} & set(of_five)


@pytest.mark.parametrize("restarts", [1, 3])
def test_the_passes_foretold_are_those_made(restarts):
    used, models = bench(rows=20, sample=9, batch_size=8, pgd_restarts=restarts), [network(seed) for seed in range(3)]
    seen = []
    for model in models:
        model.register_forward_hook(lambda *_: seen.append(1))
    todo = {0: [0, 1], 2: [1]}
    for number in (0, 1, 2):
        used.clean(models[number])
    used.attack("noise", models[0], {number: models[number] for number in (0, 1)})
    for source, targets in todo.items():
        for attack in ("fgsm", "ifgsm", "pgd"):
            used.attack(attack, models[source], {number: models[number] for number in targets})
    one_step, iterated = used.batches("fgsm"), used.batches("pgd")
    assert (one_step, iterated) == (3, 2)
    assert sum(passes(used.config, one_step, iterated, todo)) == len(seen)


def test_what_is_no_number_is_an_error():
    class Broken(torch.nn.Module):
        def forward(self, x):
            return torch.full((len(x), CLASSES), torch.nan)

    assert (bench().clean(Broken()) > 0).all()


def test_a_matrix_of_models_of_any_make():
    """The same counts as one by one; a plain module needs neither our normalisation nor frozen parameters."""
    plain = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, CLASSES)).eval()
    models, asked = {"a": network(0), "plain": plain}, AttackConfig(attacks=("fgsm", "noise"), epsilons=(4.0, 8.0))
    found = matrix.errors(models, part(), asked, batch_size=10)
    assert [(row["source"], row["target"], row["attack"], row["epsilon"]) for row in found] == [
        (source, target, attack, epsilon)
        for source in models
        for attack in ("fgsm", "noise")
        for epsilon in (4.0, 8.0)
        for target in models
    ]
    bench_ = matrix.Matrix(Accelerator(cpu=True), resolve(asked), part(), Space(None), 37)
    clean = [bench_.clean(model) for model in models.values()]
    (four, eight) = bench_.attack("fgsm", plain, {0: models["a"]}).items()
    for made, tested in (four, eight):
        expected = {"source": "plain", "target": "a"} | matrix.counts(made, tested, 0, (clean[1], clean[0]), CLASSES)
        assert expected in [row | {"largest_perturbation": expected["largest_perturbation"]} for row in found]
    assert all(parameter.grad is None for parameter in plain.parameters())


@pytest.mark.parametrize(
    ("model", "asked", "message"),
    [
        (torch.nn.Sequential(torch.nn.Flatten(), torch.nn.BatchNorm1d(64)), {}, "own is in training mode"),
        (torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 3)).eval(), {}, "own gives 3 logits.*6 classes"),
        (network(0), {"attacks": ("noise",), "pgd_steps": 3}, "--pgd-steps: means nothing"),
    ],
)
def test_models_and_options_that_mean_nothing_are_refused(model, asked, message):
    with pytest.raises(UserError, match=message):
        matrix.errors({"own": model}, part(), AttackConfig(**asked))
