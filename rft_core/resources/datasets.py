"""Which online datasets were loaded here before, and so work without a network.

Loads no torch, so that pages can ask.
"""

from pathlib import Path

from rft_core.files.home import Home


def is_downloaded(home: Home, dataset: str) -> bool:
    """Return whether `dataset`, as written in data.dataset ("cifar10", "hf:OWNER/NAME@CONFIG"), was
    loaded here at least once.
    """
    return _marker(home, dataset).is_file()


def mark_downloaded(home: Home, dataset: str) -> None:
    """Remember that `dataset` was loaded; a home that cannot be written forgets it, which costs no
    more than a wrong hint.
    """
    marker = _marker(home, dataset)
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    except OSError:
        return


def _marker(home: Home, dataset: str) -> Path:
    return home.datasets / "ready" / dataset.replace("/", "--").replace(":", "--")
