"""Run what is missing of a study: trainings, GANs, baselines, probes, attacks and borders, listed in a YAML file.

    python scripts/study.py demo

Starts the other scripts as a user would, --jobs of them side by side, and goes on past one that fails. Studies are in
scripts/studies/; to write your own, copy one. Stopped, the same command goes on; done, it says what came out.
"""

if __name__ == "__main__":
    import ready

    ready.answer("study", __doc__)

import os
import re
import shlex
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from dataclasses import replace

from _study import crew, forecast, members, standing
from _study.crew import Call, Hand
from _study.display import Display
from _study.file import OPTIONS
from _study.forecast import Cost
from _study.members import Member, Study
from _study.standing import Standing
from common import cli, files, places
from common.cores import physical_cores, share_of_cores
from common.data import sources
from common.errors import UnfinishedError
from common.options.fields import flag
from common.options.machine import PRECISION
from common.options.study import StudyOptions
from common.places import ROOT
from common.progress import Reached, duration
from common.terminal import say

JOBS_ON_CPUS = 2  # two runs of one thread beat one of two; more of them want more memory than a laptop is sure to have
VISIBLE = "CUDA_VISIBLE_DEVICES"  # each job sees one, or all would take the first
TICK = 0.2  # seconds between two looks at what runs


def main(argv: Sequence[str] | None = None) -> None:
    """raises UnfinishedError where a member failed"""
    asked = cli.parse(StudyOptions, __doc__, argv)
    files.check_temporary()
    work = Work(
        asked, members.read(asked.study, asked.data_dir, asked.mixed_precision, places.known_data(asked.checkpoint_dir))
    )
    try:
        if asked.print:
            say(work.as_commands())
        elif asked.plan:
            say(work.look())
        else:
            files.check_writable(asked.checkpoint_dir / crew.LOGS)
            lock = asked.results_dir / ".study.lock"
            with files.alone(lock, (), what="a study of these results", option="--results-dir"):
                say(work.look())
                work.do()
            work.say_what_came_out()
    except KeyboardInterrupt:
        crew.end()
        raise


class Work:
    """What is to be done of a study, and how far it is.

    found    how each member stands, by name
    missing  what was not done at the start
    """

    def __init__(self, asked: StudyOptions, study: Study) -> None:
        self.asked, self.study = asked, study
        self.found = standing.of_all(study.members, asked.results_dir, asked.checkpoint_dir)
        self.missing = [member for member in study.members if not self.found[member.name].is_done]
        self.jobs = asked.jobs or min(JOBS_ON_CPUS, physical_cores())
        self.costs: dict[str, Cost] = {}
        self.gpus = list[str]()  # as CUDA_VISIBLE_DEVICES calls them, where there are several to give away
        self.running: dict[str, Hand] = {}
        self.slots: dict[str, int] = {}  # of those that run, among the jobs
        self.failed: dict[str, str] = {}  # and why

    def look(self) -> str:
        """What is done, what is missing, and what it will cost, from trials of seconds."""
        self.costs = forecast.of_all(
            self.missing, self.study.members, lambda member: self.call(member, self.share()).beside("--plan", "--json")
        )
        devices = sorted({cost.device for cost in self.costs.values()} - {""})
        gpus = max((cost.gpus for cost in self.costs.values()), default=0)
        if self.asked.jobs is None and any(not device.startswith("CPU") for device in devices):
            self.jobs = max(1, gpus)
        if gpus > 1:
            self.gpus = os.environ.get(VISIBLE, "").split(",")
            self.gpus = self.gpus if all(self.gpus) else [str(number) for number in range(gpus)]
        return _listing(self.study, self.found, self.costs) + "\n" + self._price(devices)

    def share(self) -> int:
        """Threads of a training: the same whatever else is done already, since they move the last digits."""
        trainings = sum(member.script == "train" for member in self.study.members)
        return share_of_cores(min(self.jobs, trainings))

    def do(self) -> None:
        """Runs what is missing. raises UnfinishedError where something failed"""
        waiting = list(self.missing)
        readers = [member for member in waiting if member.script in ("train", "baseline")]
        for dataset in dict.fromkeys(map(_dataset, readers)):
            known = places.known_data(self.asked.checkpoint_dir)
            sources.find(dataset, self.asked.data_dir, known)  # before hours of work; raises UserError
        display = Display(self.costs, len(self.found) - len(waiting), len(self.found), self.jobs)
        try:
            while waiting or self.running:
                self._collect(display)
                self._start(waiting, display)
                display.show(self.running, sum(one.is_done for one in self.found.values()))
                if self.running:
                    time.sleep(TICK)
        finally:
            display.clear()
            crew.stop(self.running.values())
        if self.failed:
            lines = [f"  {name}: {why}" for name, why in self.failed.items()]
            raise UnfinishedError(
                f"{len(lines)} of {len(self.found)} are missing still; the same command tries again.\n"
                + "\n".join(lines)
            )
        if self.missing:
            say(f"All {len(self.found)} are done. The records are in {self.asked.results_dir}.")

    def say_what_came_out(self) -> None:
        """And where to look. The analysis says it, in a process of its own as a user would start it: it alone makes
        percent of counts, so its numbers are the report's; and no script waits for pandas before all is done."""
        folder = self.asked.results_dir
        paths = [str(wanted.path) for member in self.study.members for wanted in member.wanted]
        command = [sys.executable, "-m", "analysis.summary", *paths, "--results-dir", str(folder.resolve())]
        subprocess.run(command, cwd=ROOT)
        words = [] if folder == StudyOptions("").results_dir else ["--results-dir", str(folder)]
        say(f"All of it on one page: {shlex.join(['python', '-m', 'analysis.report', *words])}")

    def _collect(self, display: Display) -> None:
        """Sees who has ended, and how."""
        for name, hand in list(self.running.items()):
            status = hand.process.exitcode
            if status is None:
                continue
            del self.running[name], self.slots[name]
            self._look_at(next(member for member in self.missing if member.name == name))
            if status == 0 and self.found[name].is_done:
                display.ended(name, f"done     {name}", replace(hand.progress(), done=1.0))
                continue
            why = crew.status_in_words(status) if status else "ended well, but left no record of this configuration"
            words = hand.last_words()
            self.failed[name] = f"{why}{f' ({words[:300]})' if words else ''}; what it said: {hand.log}"
            display.ended(name, f"failed   {name}", hand.progress())

    def _start(self, waiting: list[Member], display: Display) -> None:
        """Starts what can be, as far as there is room."""
        ready = []
        for member in list(waiting):
            lacking = [name for name in member.needs if name in self.failed]
            if lacking:
                waiting.remove(member)
                self.failed[member.name] = f"not run, since it needs {', '.join(lacking)}"
                display.ended(member.name, f"skipped  {member.name}", Reached())
            elif all(self.found[name].is_done for name in member.needs):
                ready.append(member)
        together = min(self.jobs, len(self.running) + len(ready))
        for member in ready[: self.jobs - len(self.running)]:
            waiting.remove(member)
            self._look_at(member)
            if self.found[member.name].is_done:  # of weights that were lost, and came out the same again
                display.ended(member.name, f"done     {member.name}", Reached())
                continue
            threads = self.share() if member.script == "train" else share_of_cores(together)
            log = self.asked.checkpoint_dir / crew.LOGS / f"{member.name}.log"
            slot = min(set(range(self.jobs)) - set(self.slots.values()))
            call = self.call(member, threads).beside("--json")
            if self.gpus:
                call = replace(call, environment={**call.environment, VISIBLE: self.gpus[slot % len(self.gpus)]})
            self.running[member.name], self.slots[member.name] = crew.start(call, log), slot
            display.say(f"started  {member.name}")

    def _look_at(self, member: Member) -> None:
        self.found[member.name] = standing.of(member, self.found, self.asked.results_dir, self.asked.checkpoint_dir)

    def call(self, member: Member, threads: int | None) -> Call:
        """What makes a member, as a user would start it."""
        asked, usual = self.asked, StudyOptions("")
        words = [places.script(member.script), *member.words]
        takes = vars(OPTIONS[member.script]().run)
        if threads and takes["threads"] is None and "--threads" not in member.words:
            words += ["--threads", str(threads)]
        for name in ("results_dir", "checkpoint_dir", "data_dir"):
            folder = getattr(asked, name)
            if name in takes and folder != getattr(usual, name):
                words += [flag(name), str(folder)]
        return Call(tuple(words), {PRECISION: member.precision} if member.precision else {})

    def as_commands(self) -> str:
        """What makes the missing ones, a command a line; those of one stage do not need each other. Below, in comments,
        how a queue of jobs carries them out."""
        if not self.missing:
            return f"# all {len(self.found)} of {self.study.name} are done"
        threads = self.share() if self.asked.jobs else None
        lines, stages = list[str](), list[tuple[int, int]]()
        for title, is_last in (("need nothing of each other", False), ("need the runs above", True)):
            stage = [member for member in self.missing if bool(member.needs) == is_last]
            if stage:
                lines.append(f"# stage {1 + is_last} of {self.study.name}: {len(stage)} that {title}")
                stages.append((len(lines) + 1, len(lines) + len(stage)))
            lines += [self.call(member, threads).typed() for member in stage]
        return "\n".join([*lines, *_queued(self.study.name, stages)])

    def _price(self, devices: Sequence[str]) -> str:
        if not self.missing:
            return f"All {len(self.found)} are done. The records are in {self.asked.results_dir}."
        known = [cost.seconds for cost in self.costs.values() if cost.seconds is not None]
        lines, threads = ["cost  not known"], self.share()
        if known:
            together = max(sum(known) / self.jobs, *known)
            lines = [
                f"cost  about {duration(together)} with --jobs {self.jobs} ({duration(sum(known))} one after the "
                f"other), from trials on {', '.join(devices) or 'this machine'} with {threads} "
                f"thread{'s' if threads > 1 else ''}"
            ]
        if emulated := sum(cost.is_emulated for cost in self.costs.values()):
            lines.append(
                f"      {emulated} of them in a precision that this machine does not multiply by itself. With "
                "--mixed-precision no they are in fp32, under other names, and many times as fast."
            )
        whys: dict[str, str] = {}
        for name, cost in self.costs.items():
            if cost.seconds is None:
                whys.setdefault(cost.why, name)
        lines += [textwrap.indent(f"without {name}: {why}", " " * 6) for why, name in whys.items()]
        return "\n".join(lines)


def _queued(name: str, stages: Sequence[tuple[int, int]]) -> list[str]:
    """How SLURM and GNU parallel carry out a file of commands, stage after stage.

    stages  number of the first line of each, and of the last
    """
    file = f"{name}.sh" if re.fullmatch(r"[\w.-]+", name) else "study.sh"
    lines = [f"# Saved as {file}, all of it by SLURM; add what your cluster wants, such as --gpus 1 --cpus-per-task 8:"]
    waits = ""
    for first, last in stages:
        line = f'bash -c "$(sed -n ${{SLURM_ARRAY_TASK_ID}}p {file})"'
        lines.append(f"#   job=$(sbatch --parsable {waits}--array {first}-{last} --wrap '{line}')")
        waits = "--dependency afterany:$job "
    lines.append("# or by GNU parallel, on this machine:")
    return lines + [f"#   sed -n {first},{last}p {file} | parallel --jobs 4" for first, last in stages]


def _dataset(run: Member) -> str:
    return dict(zip(run.words, run.words[1:], strict=False)).get("--dataset", "cifar10")


def _listing(study: Study, found: dict[str, Standing], costs: dict[str, Cost]) -> str:
    done = sum(one.is_done for one in found.values())
    lines = [f"{study.name}: {done} of {len(found)} done ({study.file.name})"]
    width = max(map(len, found))
    for name, one in found.items():
        seconds = costs[name].seconds if name in costs else None
        cost = "?" if seconds is None else duration(seconds)
        why = f"  {one.why}" if one.why else ""
        lines.append(f"  done     {name}" if one.is_done else f"  missing  {name:<{width}}  {cost:>8}{why}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(cli.run(main, grace=crew.PATIENCE + 1))
