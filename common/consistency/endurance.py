"""Of what kills leave."""

from collections.abc import Iterator

from common.consistency.compared import Compared, Record, Rule, Within


def each_kill(record: Record) -> Iterator[Compared]:
    config, final = record["config"], record["final"]
    yield "final.kills", final["kills"], Within(config["kills"]), "config.kills"
    for parts in ("by_signal", "by_stage"):
        yield f"final.{parts}", sum(final[parts].values()), final["kills"], "final.kills"
    yield "final.attempts", final["attempts"], Within(final["kills"] + final["trainings"]), "kills and trainings"
    yield "final.through_the_shell", final["through_the_shell"], Within(0, final["attempts"]), "final.attempts"


def name(record: Record) -> str:
    return f"kills{record['config']['kills']}-seed{record['config']['seed']}"


RULES: tuple[Rule, ...] = (each_kill,)
