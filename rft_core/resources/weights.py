"""Whether a backbone's weights are available here and now, found out without torch and without
loading anything.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from urllib.parse import urlparse

from rft_core.files.home import Home
from rft_core.resources.backbones import BackboneFacts, facts, near_names
from rft_core.spec import catalog

HUB = "https://huggingface.co"
# as timm looks for them
FILES = ("model.safetensors", "pytorch_model.bin")
MEGABYTE = 1_000_000
OFFLINE = "pick an embedded backbone or one that is already here, or start from random weights"


@dataclass(frozen=True)
class Availability:
    """Whether a run with this backbone can start, and why or why not, as a sentence
    without its full stop.
    """

    usable: bool
    reason: str


def backbone_here(name: str, home: Home, *, online: bool | None = None) -> Availability:
    """Return whether the pretrained weights of `name` are available: embedded, in `home`, in the
    user's own cache, or from the hub.

    `online` says whether the hub can be reached; None finds out (`network_is_up`),
    only where that decides.
    """
    if name in catalog.EMBEDDED_BACKBONES:
        return Availability(True, "embedded")
    backbone = facts(name)
    if backbone is None:
        near = ", ".join(near_names(name))
        return Availability(
            False, f"'{name}' is not a backbone of this version of timm; names near it: {near}"
        )
    if backbone.refusal:
        return Availability(
            False, f"'{name}' cannot be fine-tuned: {backbone.refusal}; choose another one"
        )
    if not backbone.hub_id:
        return Availability(
            False, f"no weights were published for '{name}'; start from random weights"
        )
    if folder := cached_in(backbone.hub_id, home):
        return Availability(True, f"here, in {folder}")
    size = (
        f"about {max(1, round(backbone.download_bytes / MEGABYTE))} MB"
        if backbone.download_bytes
        else "unknown size"
    )
    if not _reachable(backbone, online):
        return Availability(False, f"not here ({size}), and the hub cannot be reached; {OFFLINE}")
    return Availability(True, f"needs a download of {size}")


def _reachable(backbone: BackboneFacts, online: bool | None) -> bool:
    return (
        network_is_up(hub=backbone.hub_id if "://" in backbone.hub_id else None)
        if online is None
        else online
    )


def cached_in(hub_id: str, home: Home) -> Path | None:
    """Return the folder that holds complete weights of `hub_id` (OWNER/NAME or an address):
    `home.weights` or the user's own cache.
    """
    if "://" in hub_id:
        file = hub_id.rpartition("/")[2]
        return next(
            (folder for folder in (home.weights, _torch_cache()) if (folder / file).is_file()), None
        )
    return next((folder for folder in (home.weights, hub_cache()) if holds(folder, hub_id)), None)


def holds(folder: Path, hub_id: str) -> bool:
    """Return whether `folder`, laid out as the hub's cache, holds a whole file of weights of
    `hub_id` that timm reads.

    A download that was broken off leaves no file under snapshots.
    """
    snapshots = folder / f"models--{hub_id.replace('/', '--')}" / "snapshots"
    return any(path.is_file() for name in FILES for path in snapshots.glob(f"*/{name}"))


def hub_cache(environment: Mapping[str, str] | None = None) -> Path:
    """Return the user's own cache of the hub: HF_HUB_CACHE, else hub below HF_HOME, else
    ~/.cache/huggingface/hub.
    """
    values = os.environ if environment is None else environment
    home = values.get("HF_HOME") or f"{values.get('XDG_CACHE_HOME') or '~/.cache'}/huggingface"
    return Path(values.get("HF_HUB_CACHE") or f"{home}/hub").expanduser()


def _torch_cache() -> Path:
    home = os.environ.get("TORCH_HOME") or f"{os.environ.get('XDG_CACHE_HOME') or '~/.cache'}/torch"
    return Path(home).expanduser() / "hub" / "checkpoints"


def network_is_up(timeout: float = 1.0, hub: str | None = None) -> bool:
    """Return whether a connection to the hub opens within `timeout` seconds.

    Behind a proxy the proxy is trusted.

    `hub` is its address; HF_ENDPOINT or huggingface.co when not given. HF_HUB_OFFLINE
    counts as no network.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return False
    if any(
        os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    ):
        return True
    address = urlparse(hub or os.environ.get("HF_ENDPOINT") or HUB)
    answers: list[bool] = []
    # in a thread: looking up a name knows no timeout
    probe = Thread(
        target=lambda: answers.append(
            _connects(
                address.hostname,
                address.port or (443 if address.scheme == "https" else 80),
                timeout,
            )
        ),
        daemon=True,
    )
    probe.start()
    probe.join(timeout)
    return bool(answers and answers[0])


def _connects(host: str | None, port: int, timeout: float) -> bool:
    try:
        with socket.create_connection((host, port), timeout=timeout):
            return True
    except OSError:
        return False
