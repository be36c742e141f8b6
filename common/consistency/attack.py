"""Of attacks."""

from collections.abc import Iterator

from common.consistency.compared import TOP5_FROM, Compared, Record, Rule, Within, run_of
from common.options.attack import ITERATED, ROUNDED, AttackConfig, attack_name
from common.options.fields import of_json


def whom_it_attacks(record: Record) -> Iterator[Compared]:
    final = record["final"]
    for role, parent in zip(("source", "target"), record["parents"], strict=True):
        yield f"final.{role}", final[role], run_of(parent), "parents"
    is_image = record["data"]["kind"] == "images"
    yield "final.clipped", final["clipped"], is_image, "data.kind"
    yield "final.epsilon_unit", final["epsilon_unit"], "1/255" if is_image else "std/100", "data.kind"


def every_attack(record: Record) -> Iterator[Compared]:
    """Each attack at each of its epsilons, on as many rows as were asked for; the row's own distance within epsilon."""
    config, final, measured = record["config"], record["final"], record["data"]["measured"]
    rows = {name: config["sample" if name in ITERATED else "rows"] for name in config["attacks"]}
    n = {name: measured if most is None else min(most, measured) for name, most in rows.items()}
    asked = {name: config["iterated_epsilons" if name in ITERATED else "epsilons"] or () for name in rows}
    made = [(row["attack"], row["epsilon"]) for row in final["attacks"]]
    yield "final.attacks", made, [(name, epsilon) for name in rows for epsilon in asked[name]], "config"
    for number, row in enumerate(final["attacks"]):
        where, epsilon = f"final.attacks[{number}]", row["epsilon"]
        yield f"{where}.n", row["n"], n[row["attack"]], "config and data.measured"
        yield (
            f"{where}.largest_perturbation",
            row["largest_perturbation"],
            Within(0, epsilon * (1 + ROUNDED)),
            "its epsilon",
        )
        yield f"{where}", "zero_gradients" in row, row["attack"] != "noise", "its attack"
    for role, clean in final["clean"].items():
        yield f"final.clean.{role}.n", clean["n"], max(n.values()), "config and data.measured"


def rows_that_were_right(record: Record) -> Iterator[Compared]:
    """Attacks of the same rows found the same of them right beforehand."""
    final = record["final"]
    clean = final["clean"]
    first: dict[int, list[int]] = {}
    is_white = final["source"] == final["target"]
    if is_white:
        yield "final.clean.source", clean["source"], clean["target"], "the same model as target"
    for number, row in enumerate(final["attacks"]):
        where, n, both = f"final.attacks[{number}]", row["n"], row["n_both_right"]
        most = Within(0, n - row["errors_clean"])
        yield f"{where}.n_both_right", both, most.high if is_white else most, f"{where}.errors_clean"
        before = [row["errors_clean"], both]
        yield where, before, first.setdefault(n, before), "the attacks of the same rows"
        if n == clean["target"]["n"]:
            yield f"{where}.errors_clean", row["errors_clean"], clean["target"]["errors"], "final.clean"
            least = max(0, n - clean["source"]["errors"] - clean["target"]["errors"])
            most = Within(least, n - max(clean[role]["errors"] for role in clean))
            yield f"{where}.n_both_right", both, most, "final.clean"
        fallen = Within(max(0, row["errors"] - (n - both)), min(row["errors"], both))
        yield f"{where}.errors_both_right", row["errors_both_right"], fallen, f"{where}.errors and n_both_right"
        yield where, "errors_top5" in row, len(record["data"]["classes"]) >= TOP5_FROM, "the number of data.classes"


def name(record: Record) -> str:
    final, config = record["final"], of_json(AttackConfig, record["config"])
    return attack_name(final["source"], final["target"], config)


RULES: tuple[Rule, ...] = (whom_it_attacks, every_attack, rows_that_were_right)
