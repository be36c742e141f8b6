"""What of a study is there: records of these very configurations, and the weights that they name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from _study.members import Member, Wanted
from common import places, records
from common.errors import UserError
from common.options import OF_ROWS, TrainConfig, reading
from common.records import Record


@dataclass(frozen=True)
class Standing:
    """Whether a member is done, and if it is not, what a reader of its name might wonder about.

    record  of a run that is done
    """

    is_done: bool
    why: str = ""
    record: Record | None = None


def of_all(members: Sequence[Member], results_dir: Path, checkpoint_dir: Path) -> dict[str, Standing]:
    """Of each member by name. The runs come before what measures them.

    raises UserError where runs that are to see the same rows saw different ones
    """
    found: dict[str, Standing] = {}
    for member in members:
        found[member.name] = of(member, found, results_dir, checkpoint_dir)
    _refuse_other_rows([member for member in members if member.script == "train"], found, results_dir)
    return found


def of(member: Member, found: Mapping[str, Standing], results_dir: Path, checkpoint_dir: Path) -> Standing:
    """Of one member.

    found  that of the runs that it measures, at least
    """
    try:
        if member.script == "train":
            return _of_run(member, results_dir, checkpoint_dir)
        runs = [found[name].record for name in member.needs]
        if not all(runs):
            return Standing(False)
        done = [_is_recorded(wanted, found, results_dir) for wanted in member.wanted]
    except UserError as error:  # its script will say so too, and what to do
        return Standing(False, str(error))
    if member.script == "gan" and places.state_path(checkpoint_dir, member.name.removeprefix("gan-")).exists():
        return Standing(False, places.BEGUN)  # by --overwrite, where there is a record too
    there = sum(done)
    if there == len(done):
        return Standing(True)
    return Standing(False, f"{there} of {len(done)} records are there" if there else "")


def _of_run(member: Member, results_dir: Path, checkpoint_dir: Path) -> Standing:
    (wanted,) = member.wanted
    path = results_dir / wanted.path
    if not path.exists():
        begun = places.state_path(checkpoint_dir, member.name).exists()
        return Standing(False, places.BEGUN if begun else "")
    record = records.read(path)
    # The rows are those of the options; that they are the same today is for the script to see, which reads them.
    records.is_of(path, wanted.config, record["data"]["fingerprint"], precision=wanted.precision)
    why = places.unfinished(path, record["weights"], checkpoint_dir, member.name)
    return Standing(False, why) if why else Standing(True, record=record)


def _is_recorded(wanted: Wanted, found: Mapping[str, Standing], results_dir: Path) -> bool:
    """Whether a measurement is there, made from the weights that are there. raises UserError where it is of another"""
    path = results_dir / wanted.path
    if not path.exists():
        return False
    runs = [record for name in wanted.runs if (record := found[name].record)]
    folder = wanted.path.parent.name  # a measurement lies beside the runs that it was made from
    parents = [
        records.as_parent(records.path_of(results_dir, folder, "train", record["run"]), record) for record in runs
    ]
    fingerprint = runs[-1]["data"]["fingerprint"] if runs else _of_points(wanted, path)
    return records.is_of(path, wanted.config, fingerprint, parents, wanted.precision)


def _of_points(wanted: Wanted, path: Path) -> str | None:
    """The fingerprint of the points of a toy set. Those that are drawn follow from the options; a file of the user's
    may have changed. What a GAN learns is all in its configuration."""
    if wanted.csv is None:
        return records.read(path).get("data", {}).get("fingerprint")
    from common import toys  # torch, for the few studies of such points
    from common.data.dataset import fingerprint

    return fingerprint(toys.from_csv(wanted.csv))


def _refuse_other_rows(runs: Sequence[Member], found: Mapping[str, Standing], results_dir: Path) -> None:
    first: dict[tuple[object, ...], Member] = {}
    for run in runs:
        record, config = found[run.name].record, run.config
        if record is None or not isinstance(config, TrainConfig):
            continue
        read = reading(config, config.dataset, record["data"]["kind"])
        rows = (config.dataset, read, *(getattr(config, option) for option in OF_ROWS))
        other = first.setdefault(rows, run)
        there = found[other.name].record
        if there and there["data"]["fingerprint"] != record["data"]["fingerprint"]:
            paths = [results_dir / one.wanted[0].path for one in (other, run)]
            raise UserError(
                f"{paths[0]} and {paths[1]} are of different data under the same options (their fingerprints differ); "
                "move away the one that is not of the data at hand, and the same command trains it again."
            )
