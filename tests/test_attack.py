import dataclasses
from pathlib import Path

import fixtures
import pytest
from accelerate import debug_launcher
from accelerate.state import AcceleratorState
from refusal import refused

from common import checkpoints, cli, records
from common.errors import UserError
from common.options import attack as o
from common.options.attack import AttackConfig, AttackOptions, attack_name, resolve
from scripts import attack, interpolate, train

ROOT = Path(__file__).resolve().parent.parent
SMALL = [
    "--rows",
    "113",
    "--sample",
    "37",
    "--pgd-steps",
    "4",
    "--iterated-epsilons",
    "8",
    "--epsilons",
    "0",
    "4",
    "16",
]
SMALL += ["--threads", "1"]
NAMED = "eps0+4+16-rows113-iter8-sample37-pgd4"


def run(*argv):
    return attack.main([*map(str, argv), *SMALL])


def finals(paths):
    return {path.name: records.read(path)["final"] for path in paths}


def rows_of(final, attack):
    return {row["epsilon"]: row for row in final["attacks"] if row["attack"] == attack}


def test_the_whole_matrix(digits, capsys):
    paths = run(*digits[1:])
    said = capsys.readouterr()
    assert "test error in %, source>target" in said.out
    assert "results/digits/attack-*.json" in said.out
    assert len(paths) == len({*paths}) == 4
    for path in paths:
        record = records.read(path)
        final = record["final"]
        assert path == Path(f"results/digits/attack-{final['source']}--{final['target']}-{NAMED}.json")
        assert record["run"] == f"{final['source']}--{final['target']}-{NAMED}"
        assert (final["epsilon_unit"], final["clipped"]) == ("1/255", True)
        trained = [records.read(Path(f"results/digits/train-{final[role]}.json")) for role in ("source", "target")]
        assert [parent["weights"] for parent in record["parents"]] == [one["weights"] for one in trained]
        assert record["data"] == trained[1]["data"]
        environment = record["environment"]
        assert (environment["precision"], environment["batchnorm"]) == ("no", "kept statistics")
        assert [(row["attack"], row["epsilon"], row["n"]) for row in final["attacks"]] == [
            *(("fgsm", epsilon, 113) for epsilon in (0, 4, 16)),
            ("ifgsm", 8, 37),
            ("pgd", 8, 37),
            *(("noise", epsilon, 113) for epsilon in (0, 4, 16)),
        ]
        clean = final["clean"]["target"]
        for kind in ("fgsm", "noise"):
            assert rows_of(final, kind)[0]["errors"] == rows_of(final, kind)[0]["errors_clean"] == clean["errors"]
            assert rows_of(final, kind)[0]["largest_perturbation"] == 0
        assert rows_of(final, "fgsm")[16]["errors"] > rows_of(final, "noise")[16]["errors"]
        for row in final["attacks"]:
            assert row["errors_both_right"] <= min(row["errors"], row["n_both_right"])
            assert row["largest_perturbation"] <= row["epsilon"] + 1e-4
            assert ("zero_gradients" in row) == (row["attack"] != "noise")
    by_pair = {(final["source"], final["target"]): final for final in finals(paths).values()}
    one, two = digits[1:]
    assert by_pair[one, two]["clean"]["target"] == by_pair[two, two]["clean"]["source"]
    assert rows_of(by_pair[one, two], "noise") != rows_of(by_pair[one, one], "noise")
    white, black = (rows_of(by_pair[one, aim], "fgsm")[16]["errors_both_right"] for aim in (one, two))
    assert white > black


def test_clean_errors_are_those_of_the_training_and_one_model_is_a_matrix(digits):
    (path,) = attack.main([digits[0], "--attacks", "fgsm", "--epsilons", "4", "2", "--threads", "1"])
    assert path.name == f"attack-{digits[0]}--{digits[0]}-fgsm-eps2+4.json"
    trained = records.read(Path(f"results/digits/train-{digits[0]}.json"))["final"]["last_epoch"]
    clean = records.read(path)["final"]["clean"]
    assert clean["source"] == clean["target"] == {key: trained[key] for key in ("n", "errors", "errors_top5")}
    assert records.read(path)["config"]["sample"] is None


def test_done_is_left_alone_until_the_weights_change(digits, capsys):
    pair = digits[:2]
    paths = run(*pair)
    before = {path: path.stat().st_mtime_ns for path in paths}
    capsys.readouterr()
    assert run(*pair) == paths
    assert "All 4 records are there" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in paths} == before

    old = {path: records.read(path) for path in paths}
    trained = Path(f"results/digits/train-{digits[1]}.json")
    weights = Path(f"checkpoints/{digits[1]}.safetensors")
    tensors, header = checkpoints.load_weights(weights)
    tensors["network.linear.bias"] += 3 * tensors["network.linear.weight"][:, 0]
    record = records.read(trained)
    record["weights"] = checkpoints.save_weights(weights, tensors, header)
    records.write(trained, record)
    run(*pair)
    assert "3 of 4 pairs to attack" in capsys.readouterr().out
    for path in paths:
        is_same = records.read(path) == old[path]
        assert is_same == (digits[1] not in path.name)

    run(*pair, "--overwrite")
    assert "4 of 4 pairs to attack" in capsys.readouterr().out


def test_only_the_targets_that_are_missing_are_tested_and_give_the_same(digits):
    paths = run(*digits)
    before = finals(paths)
    for path in (paths[1], paths[5], paths[6]):
        path.unlink()
    assert finals(run(*digits)) == before
    pair = finals(run(*digits[:2], "--results-dir", "results"))
    assert all(before[name] == final for name, final in pair.items())


def test_another_configuration_under_the_same_name_is_refused(digits):
    (path,) = run(digits[0])
    record = records.read(path)
    records.write(path, fixtures.with_config(record, pgd_steps=5))
    with pytest.raises(UserError, match=r"another measurement under the same name: pgd_steps is 5 there and 4 here"):
        run(digits[0])
    records.write(path, record | {"data": record["data"] | {"fingerprint": "0" * 64}})
    with pytest.raises(UserError, match=r"same name: data is '0000"):
        run(digits[0])


def test_of_a_run_that_was_trained_again_on_other_data_attacks_and_probes_refuse_alike(tmp_path, monkeypatch):
    """Of other weights they would be made again."""
    monkeypatch.chdir(tmp_path)
    table = [f"{row % 7},{row * row % 11},{'ab'[row % 2]}" for row in range(40)]
    trained = ["--dataset", "./own.csv", "--drop", "--epochs", "1", "--width", "4", "--threads", "1"]
    measuring = [
        lambda: attack.main(["own-drop-mlp-w4-1ep-erm-seed0", *SMALL]),
        lambda: interpolate.main(["own-drop-mlp-w4-1ep-erm-seed0", "--pairs", "9", "--points", "3", "--threads", "1"]),
    ]
    sentences = []
    for rows in (table, [*table[:-1], "3,4,a"]):
        Path("own.csv").write_text("\n".join(["x,y,label", *rows]))
        train.main([*trained, "--overwrite"])
        for measure in measuring:
            if rows is table:
                measure()
            else:
                said = refused(measure, "another measurement under the same name: data is ", "--overwrite")
                sentences.append(said.partition(": ")[2])
    assert sentences[0] == sentences[1]


def test_stopped_in_the_middle_and_started_again(digits, monkeypatch):
    whole = finals(run(*digits[:2]))
    for path in Path("results/digits").glob("attack-*"):
        path.unlink()
    real, written = records.write, []

    def killed(path, record):
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(path)
        real(path, record)

    monkeypatch.setattr(records, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        run(*digits[:2])
    assert len(list(Path("results/digits").glob("attack-*"))) == 3
    monkeypatch.setattr(records, "write", real)
    assert finals(run(*digits[:2])) == whole


def test_two_processes_count_what_one_counts(digits, capfd):
    one = finals(run(*digits[1:]))
    for path in Path("results/digits").glob("attack-*"):
        path.unlink()
    AcceleratorState._reset_state(True)  # that of one process, which a fork would inherit
    debug_launcher(run, tuple(digits[1:]), num_processes=2)
    paths = list(Path("results/digits").glob("attack-*"))
    assert {records.read(path)["environment"]["processes"] for path in paths} == {2}
    assert finals(paths) == one
    assert capfd.readouterr().out.count("4 of 4 pairs to attack") == 2  # said once each time


def test_a_plan_says_what_it_would_do_and_does_nothing(digits, capsys):
    assert run(*digits, "--plan") is None
    said = capsys.readouterr().out
    assert "9 of 9 pairs" in said
    assert "cost     about" in said
    assert not list(Path("results").rglob("attack-*"))


def test_a_table_is_attacked_in_deviations(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train.main(["--dataset", "wine", "--epochs", "5", "--threads", "1"])
    (path,) = attack.main(["wine-mlp-5ep-erm-seed0", "--threads", "1", "--epsilons", "1", "50"])
    final = records.read(path)["final"]
    assert (final["epsilon_unit"], final["clipped"]) == ("std/100", False)
    assert rows_of(final, "fgsm")[50]["errors"] > final["clean"]["target"]["errors"]
    assert "errors_top5" not in final["attacks"][0]


def test_masked_gradients_are_said(digits, capsys):
    trained = Path(f"results/digits/train-{digits[0]}.json")
    weights = Path(f"checkpoints/{digits[0]}.safetensors")
    tensors, header = checkpoints.load_weights(weights)
    tensors["network.linear.weight"] *= 1e4  # so sure that the softmax saturates
    record = records.read(trained)
    record["weights"] = checkpoints.save_weights(weights, tensors, header)
    records.write(trained, record)
    (path,) = run(digits[0])
    assert rows_of(records.read(path)["final"], "fgsm")[16]["zero_gradients"] > 50
    said = capsys.readouterr().err
    assert f"are exactly zero in {digits[0]}" in said
    assert said.count("Warning") == 3  # once an attack


def test_runs_measured_on_other_rows_are_refused(digits):
    train.main(["--dataset", "digits", "--width", "4", "--epochs", "1", "--holdout", "100", "--threads", "1"])
    other = next(Path("results/digits").glob("train-digits-holdout*")).stem.removeprefix("train-")
    with pytest.raises(UserError, match=r"measured on different rows \(359 test, 100 holdout\); attack them apart"):
        run(digits[0], other)
    with pytest.raises(UserError, match="No run is called nobody"):
        run("nobody")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--epsilons", "-1"], "--epsilons -1: must lie in"),
        (["--epsilons", "nan"], "--epsilons nan"),
        (["--epsilons", "4", "4"], "--epsilons 4.0 4.0: needs one value at least, each once"),
        (["--pgd-steps", "0"], "--pgd-steps 0"),
        (["--sample", "0"], "--sample 0"),
        (["--rows", "0"], "--rows 0"),
        (["--batch-size", "0"], "--batch-size 0"),
        (["--seed", "-1"], "--seed -1"),
        (["--attacks", "fgsm", "fgsm"], "--attacks fgsm fgsm"),
        (["--attacks", "fgsm", "--pgd-steps", "40"], "--pgd-steps: means nothing without pgd among the --attacks"),
        (["--attacks", "pgd", "--epsilons", "4"], "--epsilons: means nothing without fgsm or noise"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(argv, message):
    with pytest.raises(UserError) as caught:
        attack.main(argv)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "a--b"),
        ({"pgd_steps": 20, "epsilons": (16.0, 8.0, 4.0, 2.0, 1.0)}, "a--b"),
        ({"attacks": ("noise", "fgsm")}, "a--b-fgsm+noise"),
        ({"attacks": ("pgd",), "pgd_steps": 40, "pgd_restarts": 5, "seed": 2}, "a--b-pgd-pgd40-restarts5-draw2"),
        ({"epsilons": (0.5, 4.0), "sample": 100, "rows": 50}, "a--b-eps0.5+4-rows50-sample100"),
        ({"iterated_epsilons": (16.0,)}, "a--b-iter16"),
    ],
)
def test_a_name_carries_what_departs_from_the_defaults(options, name):
    assert attack_name("a", "b", resolve(AttackConfig(**options))) == name


def test_every_option_is_read_and_in_the_help(capsys):
    declared = {f.name for group in dataclasses.fields(AttackOptions) for f in dataclasses.fields(group.type)}
    assert set(o.MEANT_FOR) <= declared
    readers = ("scripts/attack.py", *(f"common/{name}.py" for name in ("matrix", "measurement", "trained")))
    read = "".join((ROOT / file).read_text() for file in (*readers, "common/options/attack.py"))
    assert all(f".{name}" in read for name in declared)
    with pytest.raises(SystemExit) as caught:
        attack.main(["--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    assert all("--" + name.replace("_", "-") in shown for name in declared - {"runs"})
    assert "deck's three" in shown  # the words before it may end a line


def parsed(*argv):
    options = cli.parse(AttackOptions, "", list(argv))
    return options.attack


@pytest.mark.parametrize("words", [["8", "2.5"], ["8/255", "2.5/255"], ["8/100", "2.5/100"], ["8.0", "2.5/255"]])
def test_an_epsilon_with_its_unit_is_the_same_measurement_under_the_same_name(words):
    config = resolve(parsed("--epsilons", *words, "--iterated-epsilons", *words))
    assert config.epsilons == config.iterated_epsilons == (2.5, 8.0)
    assert {type(epsilon) for epsilon in config.epsilons} == {float}
    assert attack_name("a", "b", config) == "a--b-eps2.5+8-iter2.5+8"


@pytest.mark.parametrize("option", ["--epsilons", "--iterated-epsilons"])
@pytest.mark.parametrize("word", ["0.031", "0.0314", "0.3", "0.499", "1e-3"])
def test_a_fraction_of_the_range_is_refused_with_the_way_out(option, word):
    refused(lambda: parsed(option, "4", word), option, f"{float(word):g}/255", "8/255")


def test_a_small_epsilon_can_be_meant_by_naming_its_unit():
    assert parsed("--epsilons", "0", "0.25/255", "0.5").epsilons == (0.0, 0.25, 0.5)


@pytest.mark.parametrize("word", ["8/256", "8/", "/255", "8/255/255", "8/0", "1/32"])
def test_another_fraction_is_none(word):
    refused(lambda: parsed("--epsilons", word), f"--epsilons {word}", "8/255")


def test_a_unit_that_is_not_the_datas_is_refused():
    options = parsed("--epsilons", "4", "8/255")
    o.check_unit(options, "1/255", "digits")
    refused(lambda: o.check_unit(options, "std/100", "iris"), "--epsilons 8/255", "iris", "std/100", "8/100")


def test_pixels_are_not_attacked_in_hundredths_of_a_deviation(digits):
    refused(lambda: attack.main([digits[0], "--epsilons", "8/100"]), "--epsilons 8/100", "digits", "8/255")


def test_rows_are_said_of_the_attacks_that_are_made(digits, capsys):
    attack.main([*digits, "--attacks", "fgsm", "--rows", "30", "--plan"])
    assert "  rows     30 (fgsm); epsilon in 1/255\n" in capsys.readouterr().out
