"""Where things are kept: RFT_HOME (default: the platform's user data folder).

Nothing is written inside the checkout, or where the package is installed.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from rft_core.errors import StoreError

PACKAGE = Path(__file__).parent.parent
# in a wheel, app.py and what else lies beside the package in a checkout (pyproject.toml maps it)
INSTALLED = PACKAGE / "dashboard"
# the folder of app.py, pages, assets and requirements.txt
CHECKOUT = INSTALLED if INSTALLED.is_dir() else PACKAGE.parent
WEIGHTS = CHECKOUT / "assets" / "weights"
BACKBONES_FILE = CHECKOUT / "assets" / "backbones.json"


def restore_command(folder: str) -> str:
    """Return what brings damaged files of `folder` ("assets/weights") back, as a command."""
    if CHECKOUT == INSTALLED:
        return "`pip install --force-reinstall --no-deps rft-lab`"
    return f"`git checkout -- {folder}`"


@dataclass(frozen=True)
class Home:
    """The folder of one user's runs, datasets and weights, and the address of its store."""

    root: Path
    store_url: str

    @property
    def runs(self) -> Path:
        """One folder a run."""
        return self.root / "runs"

    @property
    def datasets(self) -> Path:
        """Downloaded and uploaded datasets, and what was decoded from them."""
        return self.root / "datasets"

    @property
    def decoded(self) -> Path:
        """Images as they were decoded, one folder a dataset and size; may be
        deleted at any time.
        """
        return self.datasets / "decoded"

    @property
    def uploads(self) -> Path:
        """One folder an uploaded archive."""
        return self.datasets / "uploads"

    @property
    def weights(self) -> Path:
        """Downloaded weights, in the layout of the hub's cache."""
        return self.root / "weights"

    @property
    def worker_log(self) -> Path:
        """What the worker printed."""
        return self.root / "worker.log"

    def run_folder(self, run_id: str) -> Path:
        """Return the folder of one run."""
        return self.runs / run_id


def find_home(root: Path | None = None) -> Home:
    """Return the home at `root`, else the one named by RFT_HOME, with its store (RFT_STORE
    replaces the SQLite file).

    Made if it is not there; a folder that cannot be made raises.
    """
    root = (
        Path(root or os.environ.get("RFT_HOME") or platformdirs.user_data_dir("rft-lab"))
        .expanduser()
        .resolve()
    )
    try:
        (root / "runs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"RFT_HOME is {root}, which cannot be used ({error.strerror}); set RFT_HOME to a folder"
            " that can be written"
        ) from None
    return Home(
        root, _absolute_store(os.environ.get("RFT_STORE") or f"sqlite:///{root / 'rft.db'}")
    )


def _absolute_store(url: str) -> str:
    """Return the address of a store; the path of an SQLite file becomes absolute, as a worker
    starts in another folder.
    """
    scheme, marks, path = url.partition(":///")
    is_relative = scheme.split("+")[0] == "sqlite" and path and not path.startswith((":", "file:"))
    return (
        f"{scheme}{marks}{os.path.abspath(os.path.expanduser(path))}"
        if is_relative and marks
        else url
    )
