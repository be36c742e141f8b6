"""What every script does beside its question."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Config = Mapping[str, Any]


def plan_json(wanted: Iterable[tuple[str, Path, Config, bool]], seconds: float | None, device: str, **more: Any) -> str:
    """What --plan tells a program, in one line.

    wanted   name, path, configuration of each record, and whether it is there
    seconds  that the rest will take; None: not known
    """
    records = [
        {"name": name, "path": str(path), "config": config, "finished": is_finished}
        for name, path, config, is_finished in wanted
    ]
    return json.dumps({"records": records, "seconds": seconds, "device": device, **more})
