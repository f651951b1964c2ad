"""Which online datasets are here (stand-in)."""

from rft_core.home import Home


def is_downloaded(home: Home, dataset: str) -> bool:
    """Return whether `dataset` was loaded before."""
    return (home.datasets / "ready" / dataset.replace("/", "--").replace(":", "--")).exists()
