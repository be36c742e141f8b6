"""Claims on sounds (section 3.3, Fig. 4): judged by train records, for every α there is together."""

from analysis import commands, groups
from analysis.claims.training import error
from analysis.claims.verdict import Asked, Verdict, not_run, of_pairs, rows_of, seeds_said, whole
from analysis.measures import pair

LARGE, SMALL = "vgg11", "lenet"  # the paper's two


def helps(network: str, claimed: int, asked: Asked) -> Verdict:
    """That mixup has less (-1) or more (1) test error than ERM under this network."""
    results = asked.results
    setting = groups.speech(results).get(network)
    methods = [] if setting is None else [one for one in results.methods(setting) if one != "ERM"]
    if setting is None or not methods:
        line = commands.study("speech", results)
        return not_run(f"no run of {network} under mixup on sounds yet", [line])
    own = results.of(setting)
    pairs = [pair(error(own), method) for method in methods]
    lines = [line for method in methods for line in commands.seeds(results, setting, method)]
    n = min(len(one.seeds) for one in pairs)
    return whole(
        f"on {setting} ({own.runs['parameters'].max():,.0f} parameters), {seeds_said(n)}",
        [of_pairs(one, claimed) for one in pairs],
        [row for one in pairs for row in rows_of(one)],
        own.runs["record"].tolist(),
        lines,
    )
