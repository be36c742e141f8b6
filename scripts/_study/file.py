"""A study as a YAML file: its parts and their options. scripts/studies/demo.yaml tells a user how one is written."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from common import cli
from common.errors import UserError, meant
from common.options import TrainOptions
from common.options.attack import AttackOptions
from common.options.baseline import BaselineOptions
from common.options.boundary import BoundaryOptions
from common.options.gan import GanOptions
from common.options.interpolate import InterpolateOptions
from common.options.train import OF_MIXUP
from common.places import ROOT

STUDIES = ROOT / "scripts" / "studies"
OPTIONS: dict[str, Any] = {  # by script, in the order in which they are run
    "train": TrainOptions,
    "baseline": BaselineOptions,
    "interpolate": InterpolateOptions,
    "attack": AttackOptions,
    "boundary": BoundaryOptions,
    "gan": GanOptions,
}

JUDGED = "judged"  # "judged: no" stands in a study that shows how it is done, and is too small for a verdict


class _Loader(yaml.BaseLoader):
    """Values as text, and YAML's merge key ("<<: *NAME": what the entry marked &NAME says, where this one says nothing
    else). A key that stands there twice is an error: of two parts of one name the first would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for number, (key, _) in enumerate(node.value):
            if key.value in keys[:number]:
                raise yaml.YAMLError(f"{key.value} stands there twice, in line {key.start_mark.line + 1} again")
        content = super().construct_mapping(node, deep)
        merged = content.pop("<<", {})
        if not isinstance(merged, dict):
            raise yaml.YAMLError(f"<< must name an entry, as *NAME does, in line {node.start_mark.line + 1}")
        return merged | content


def place(study: str) -> Path:
    """Where the file of a study lies. raises UserError where there is none"""
    own = Path(study)
    if own.suffix in (".yaml", ".yml") or own.parent != Path():
        if own.is_file():
            return own
        raise UserError(f"{study}: no such file.")
    file = STUDIES / f"{study}.yaml"
    if not file.is_file():
        names = sorted(path.stem for path in STUDIES.glob("*.yaml"))
        raise UserError(
            f"No study is called {study}{meant(study, names)}. There are {', '.join(names)}; a file of your own is "
            "named by its path, such as ./my.yaml."
        )
    return file


def is_judged(file: Path) -> bool:
    """Whether a study is to be judged by. raises UserError"""
    said = str(_content(file).get(JUDGED, "yes")).lower()
    if said not in (*cli.YES, *cli.NO):
        raise UserError(f"{file}, {JUDGED}: {said!r} must be yes or no.")
    return said in cli.YES


def entries(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The groups of options of each script, in the order in which scripts are run; a part that is empty is one of
    defaults. raises UserError"""
    content = _content(file)
    for script in (script for script in OPTIONS if script in content):
        part = content[script]
        for entry in part if isinstance(part, list) else [part]:
            if not isinstance(entry, dict) and entry not in (None, ""):
                raise UserError(f"{file}, {script}: {entry!r} is no option; must hold lines such as 'seed: 0'.")
            yield script, {str(key).replace("-", "_"): value for key, value in (entry or {}).items()}


def expanded(where: str, script: str, entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One set of options for each value of a list, where the option takes one; the seeds change last, so that what is
    to be compared is there together. ``data-seed: seed`` draws rows anew for each seed. What means nothing without
    mixup is left out of ERM."""
    several = [
        name
        for name, value in entry.items()
        if isinstance(value, list) and not cli.takes_several(OPTIONS[script], name)
    ]
    axes = sorted(several, key=lambda name: name != "seed")
    for name in axes:
        if not entry[name]:
            raise UserError(f"{where}: {name}: an empty list stands for no run at all; leave the line out.")
    expanded = []
    for values in itertools.product(*(entry[name] for name in axes)):
        lines = dict(entry) | dict(zip(axes, values, strict=True))
        if lines.get("data_seed") == "seed":
            lines["data_seed"] = lines.get("seed", "0")
        if "mixup" in axes and str(lines["mixup"]).lower() in cli.NO:
            lines = {name: value for name, value in lines.items() if name not in OF_MIXUP}
        if lines not in expanded:
            expanded.append(lines)
    return expanded


def _content(file: Path) -> Mapping[str, Any]:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}.") from None
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise UserError(f"{file}: not YAML ({' '.join(str(error).split())}).") from None
    if content in (None, ""):
        return {}
    if not isinstance(content, dict):
        raise UserError(f"{file}: must hold parts named after the scripts: {', '.join(OPTIONS)}.")
    for script in content:
        if script not in (*OPTIONS, JUDGED):
            hint = meant(str(script), OPTIONS) or f"; there are {', '.join(OPTIONS)}"
            raise UserError(f"{file}: unknown script {script!r}{hint}.")
    return content
