"""A record's rows in each of the tables that `collect` makes. Percent are made here, 0 to 100."""

from collections.abc import Iterator
from typing import Any

from analysis.columns import ATTACKS
from analysis.methods import BASELINES, OPTIONS, Method
from common.options import gan
from common.options.attack import AttackConfig, attack_name
from common.options.fields import of_json
from common.options.gan import GanConfig
from common.options.interpolate import InterpolateConfig, record_name
from common.options.names import setting_name
from common.options.train import OF_ROWS, TrainConfig
from common.records import Record

Row = dict[str, Any]


def is_drawn(config: Row) -> bool:
    """Whether the data seed decides which rows are seen: a subset, held-out rows, corrupted labels, or a table's test
    part. Runs of several such draws are of one setting, and a pair is of one draw and one seed."""
    return any(config.get(option) for option in (*OF_ROWS, "test_share") if option != "data_seed")


def machine(environment: Row) -> str:
    """What rounds a run's convolutions: the device, and of a CPU its model and instructions; all of them where it was
    stopped and went on on another. "" where an older record does not say."""
    return ", then ".join(dict.fromkeys(map(_machine, [*environment.get("before", []), environment])))


def _machine(environment: Row) -> str:
    cpu = environment.get("cpu")
    if not str(environment["device"]).startswith("CPU"):
        return str(environment["device"])
    return f"{cpu['model']}, {cpu['instructions']}" if cpu else ""


def setting_of(record: Record) -> str:
    """What ERM and mixup share, by name: a train record's configuration without method, seed and drawn split."""
    config, data = record["config"], record["data"]
    one_draw = of_json(TrainConfig, config | ({"data_seed": 0} if is_drawn(config) else {}))
    return setting_name(one_draw, data["kind"], side(data), record["environment"]["precision"])


def side(data: Row) -> int | None:
    """Of images, in pixels."""
    return int(data["shape"][-1]) if data["kind"] == "images" else None


def shared(record: Record) -> Row:
    """The configuration of a setting: what its runs have in common, their precision among it."""
    config = record["config"]
    apart = ("seed", *OPTIONS, *(["data_seed"] if is_drawn(config) else []))
    common = {field: value for field, value in config.items() if field not in apart}
    return common | {"precision": record["environment"]["precision"]}


def key(path: str, train: Record) -> Row:
    config = train["config"]
    return {
        "record": path,
        "run": train["run"],
        "dataset": train["data"]["name"],
        "setting": setting_of(train),
        "method": Method.of(config),
        "alpha": config["alpha"] or 0.0,
        "dropout": config["dropout"],
        "seed": config["seed"],
        "split": config["data_seed"] if is_drawn(config) else 0,
        "machine": machine(train["environment"]),
    }


def _percent(count: float | None, n: int) -> float | None:
    return None if count is None or n == 0 else 100 * count / n


def run(path: str, record: Record) -> Row:
    config, data, final, cost = (record[part] for part in ("config", "data", "final", "cost"))
    last, clean, environment = final["last_epoch"], final["clean_train"], record["environment"]
    n, ten = last["n"], final["median_of_last_ten"]
    return (
        key(path, record)
        | {name: config[name] for name in ("model", "width", "epochs")}
        | {name: environment[name] for name in ("device", "threads", "processes", "precision", "commit")}
        | {name: cost.get(name) for name in ("seconds", "images_per_second", "training_flops", "parameters")}
        | {
            "measured_on": data["measured_on"],
            "kind": data["kind"],
            "corrupt_labels": config["corrupt_labels"],
            "n_train": data["train"],
            "n_test": n,
            "errors": last["errors"],
            "error": _percent(last["errors"], n),
            "balanced_error": balanced(last.get("by_class")),
            "errors_top5": last.get("errors_top5"),
            "error_top5": _percent(last.get("errors_top5"), n),
            "cross_entropy": last["cross_entropy"],
            "calibration_error": last["calibration_error"],
            "best_error": _percent(final["best_epoch"]["errors"], n),
            "best_epoch": final["best_epoch"]["epoch"],
            "median10_error": _percent(ten["errors"], n) if ten["epochs"] == 10 else None,
            "clean_train_error": _percent(clean["errors"], clean["n"]),
            "peak_memory_bytes": cost.get("peak_memory_bytes"),
            "weights": record["weights"],
        }
        | _of_labels(record["curve"][-1])
        | _tempered(final)
    )


def _tempered(final: Row) -> Row:
    """What a temperature makes of it; nothing where none was fitted."""
    if "tempered" not in final:
        return {}
    found = final["tempered"]
    mean = sum(found["temperatures"]) / len(found["temperatures"])
    return {"temperature": mean} | {f"tempered_{name}": found[name] for name in ("cross_entropy", "calibration_error")}


def balanced(by_class: Row | None) -> float | None:
    """The mean of the classes' error rates (%), of those that were measured. None where the record has no classes."""
    if by_class is None:
        return None
    rates = [errors / n for errors, n in zip(by_class["errors"], by_class["n"], strict=True) if n]
    return 100 * sum(rates) / len(rates)


def _of_labels(row: Row) -> Row:
    """Training errors by kind of label, of a row of the curve; none where no label was corrupted."""
    kinds = row.get("labels", {})
    return {f"{kind}_error": _percent(of["errors"], of["n"]) for kind, of in kinds.items()}


def baseline(path: str, record: Record) -> Row:
    config, final = record["config"], record["final"]
    clean = final["clean_train"]
    return {
        "record": path,
        "run": record["run"],
        "dataset": record["data"]["name"],
        "method": BASELINES.get(config["method"], Method(model=config["method"])),
        "seed": config["seed"],
        "split": config["data_seed"] if is_drawn(config) else 0,
        "n_test": final["n"],
        "error": _percent(final["errors"], final["n"]),
        "balanced_error": balanced(final["by_class"]),
        "clean_train_error": _percent(clean["errors"], clean["n"]),
        "seconds": record["cost"]["seconds"],
    }


def curve(path: str, record: Record) -> Iterator[Row]:
    shared = key(path, record)
    for row in record["curve"]:
        error = 100 * row["test"]["errors"] / row["test"]["n"]
        yield (
            shared
            | {
                "measured_on": record["data"]["measured_on"],
                "epoch": row["epoch"],
                "lr": row["lr"],
                "train_loss": row["train"]["loss"],
                "train_accuracy": 100 * row["train"]["weighted_accuracy"],
                "error": error,
                "accuracy": 100 - error,
                "cross_entropy": row["test"]["cross_entropy"],
            }
            | _of_labels(row)
        )


def bins(path: str, record: Record) -> Iterator[Row]:
    shared = key(path, record)
    for number, one in enumerate(record["final"]["last_epoch"]["bins"]):
        n = one["n"]
        seen = {"confidence": one["mean_confidence"], "accuracy": one["right"] / n} if n else {}
        yield shared | {"bin": number, "n": n, "right": one["right"]} | seen


def between(path: str, record: Record, found: dict[str, Record]) -> Iterator[Row]:
    config, train = record["config"], found[record["parents"][0]["record"]]
    shared = key(path, train) | {"protocol": record_name(InterpolateConfig(**config | {"run": ""}))}
    for at in record["final"]["between"]:
        every, different, p = at["misses"], at["misses_different"], at.get("probability_different", {})
        row = shared | {
            "part": config["split"],
            "pairs_seed": config["pairs_seed"],
            "beyond": config["beyond"],
            "lam": at["lam"],
            "n": every["n"],
            "misses": every["misses"],
            "missed": _percent(every["misses"], every["n"]),
            "n_different": different["n"],
            "misses_different": different["misses"],
            "missed_different": _percent(different["misses"], different["n"]),
            "p_i": p.get("y_i"),
            "p_j": p.get("y_j"),
            "p_rest": p.get("rest"),
            "off_linear": at.get("off_linear"),
        }
        for which in ("loss", "logit"):
            spread = at["gradient_norm"][which]
            row[f"{which}_norm"] = spread["mean"]
            row |= {f"{which}_norm_q{q}": spread["quantiles"].get(f"0.{q[0]}") for q in ("10", "90")}
        yield row


def attacks(path: str, record: Record, found: dict[str, Record]) -> Iterator[Row]:
    source, target = (found[parent["record"]] for parent in record["parents"])
    final = record["final"]
    clean = final["clean"]["target"]
    shared = key(path, target) | {
        "source": source["run"],
        "source_setting": setting_of(source),
        "source_method": Method.of(source["config"]),
        "source_seed": source["config"]["seed"],
        "white_box": source is target,
        "protocol": attack_name("", "", of_json(AttackConfig, record["config"])),
        "unit": final["epsilon_unit"],
    }
    for at in [clean | {"attack": "clean", "epsilon": 0.0, "errors_clean": clean["errors"]}, *final["attacks"]]:
        counts = {"error": _percent(at["errors"], at["n"]), "error_top5": _percent(at.get("errors_top5"), at["n"])}
        counts["error_both_right"] = _percent(at.get("errors_both_right"), at.get("n_both_right", 0))
        yield shared | {name: at[name] for name in at if name in ATTACKS} | counts


def borders(path: str, record: Record) -> Iterator[Row]:
    for one in record["final"]["models"]:
        train, band = one["train"], one["band"]
        yield {
            "record": path,
            "set": record["config"]["set"],
            "method": Method.of(one),
            "alpha": one["alpha"] or 0.0,
            "seed": one["seed"],
            "n_points": train["n"],
            "train_error": _percent(train["errors"], train["n"]),
            "points_in_band": _percent(band["points"], band["n"]),
            "band_width": one.get("radius", {}).get("band_width"),
        }


def gans(path: str, record: Record) -> Iterator[Row]:
    config, target = of_json(GanConfig, record["config"]), record["final"]["target"]
    modes = len(target["modes"])
    shared = {
        "record": path,
        "target": config.target,
        "setting": gan.setting_name(config),
        "method": Method.of_gan(record["config"]),
        "width": config.width,
        "modes": modes or None,
        "floor": target["floor"],
    }
    for at in record["curve"]:
        yield shared | {
            "seed": at["seed"],
            "iteration": at["iteration"],
            "covered": _percent(at.get("covered"), modes),
            "share": _percent(sum(at["hits"]), at["n"]) if "hits" in at else None,
            "balance": at.get("balance"),
            "outside": _percent(at["outside"], at["n"]),
            "distance": at.get("distance"),
            "diverged": at["diverged"],
        }
