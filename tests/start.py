"""Scripts started without the seconds in which Python imports torch: as a fork of the process that tests, which has
imported all. What is started is a process of its own, with its own folder, environment, signals and exit status."""

import gc
import importlib
import os
import pkgutil
import runpy
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from multiprocessing.context import ForkContext, ForkProcess
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = {path.resolve() for path in (ROOT / "scripts").glob("*.py")}
# What scripts import, also as they go; `beforehand`, among them, imports what else takes long.
USED = [module.name for module in pkgutil.walk_packages([str(ROOT / "common")], "common.")]


class Start(subprocess.Popen[Any]):
    """`subprocess.Popen`, for which ``python scripts/….py`` means a fork."""

    def __init__(self, args: Sequence[str], **options: Any) -> None:
        script = not isinstance(args, str) and len(args) > 1 and args[0] == sys.executable and Path(args[1])
        if script and (Path(options.get("cwd") or ".") / script).resolve() in SCRIPTS:
            for name in USED:
                importlib.import_module(name)
            before, environment = options.pop("preexec_fn", None), options.get("env")
            # Popen forks, opens what is asked for as 0, 1 and 2, and calls this where Python would be started.
            options["preexec_fn"] = lambda: _be(list(args[1:]), environment, before)
        super().__init__(args, **options)


class Copy(ForkProcess):
    """A process of `multiprocessing` that begins as a copy of this one, though this one tests."""

    def run(self) -> None:
        _as_new()
        fresh()
        super().run()


class Copies(ForkContext):
    """What `crew.processes` gives here: there is no need of another process that has imported all."""

    Process = Copy


def _be(argv: list[str], environment: dict[str, str] | None, before: Callable[[], None] | None) -> NoReturn:
    """Is the script from here on."""
    status = 1
    try:
        os.closerange(3, 2**16)  # also the pipe by which Popen learns that Python could not be started
        if environment is not None:
            os.environ.clear()
            os.environ.update(environment)
        _as_new()
        if before:
            before()
        if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
        sys.argv = argv
        sys.path.insert(0, str(Path(argv[0]).resolve().parent))
        fresh()
        runpy.run_path(argv[0], run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _as_new() -> None:
    """Hears signals as Python does when it begins, and not as the process of which this one is a copy."""
    signal.set_wakeup_fd(-1)  # that of the script which started this one, closed by now
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    warnings.resetwarnings()
    gc.enable()  # Popen forks without


def fresh() -> None:
    """Accelerate keeps its state in the process; a second Accelerator would inherit the first one's settings."""
    from accelerate.state import AcceleratorState, GradientState

    AcceleratorState._reset_state(True)
    GradientState._reset_state()
