"""Whether the Hugging Face hub can be asked, without importing what asks it."""

import glob
import os
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

PATIENCE = 1.0  # seconds that the hub has to answer


def obstacle() -> str | None:
    """Why the hub cannot be asked, or None. Says so within PATIENCE, also where the resolver hangs."""
    for variable in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        if os.environ.get(variable, "").upper() in ("1", "ON", "YES", "TRUE"):
            return f"{variable} is set"
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return None  # a proxy resolves and connects in our place: only a request would tell
    address = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    host = address.hostname or ""
    port = address.port or (80 if address.scheme == "http" else 443)
    answered = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=PATIENCE).close()
            answered.set()
        except OSError:
            pass  # no answer is the answer

    thread = threading.Thread(target=connect, daemon=True)  # a name look-up has no time limit of its own
    thread.start()
    thread.join(PATIENCE)
    return None if answered.is_set() else f"no connection to {host}:{port} within {PATIENCE:g} s"


def kept_by_datasets(hub_id: str) -> bool:
    """It names its folders in small letters, an underscore before what was a capital one."""
    home = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface"
    cache = os.environ.get("HF_DATASETS_CACHE") or Path(os.environ.get("HF_HOME") or home) / "datasets"
    owner, name = hub_id.split("/")
    folders = (
        folder
        for folder in Path(cache).expanduser().glob(f"{glob.escape(owner)}___*")
        if folder.name.removeprefix(f"{owner}___").replace("_", "") == name.replace("_", "").lower()
    )
    return any(any(folder.rglob("dataset_info.json")) for folder in folders)  # written last, when the set is whole
