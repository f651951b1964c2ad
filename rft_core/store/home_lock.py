"""The lock under which an import or a repair moves folders in and out of a home."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from rft_core.errors import BundleError
from rft_core.files.home import Home


@contextmanager
def home_turn(home: Home) -> Iterator[None]:
    """Hold the home's turn; raises BundleError while another process has it. The system drops it
    when its process ends.
    """
    try:
        with FileLock(home.root / "import.lock").acquire(timeout=0):
            yield
    except Timeout:
        raise BundleError(
            f"another import, or a repair, is at work in {home.root}; try again when it is done"
        ) from None
